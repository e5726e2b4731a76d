"""What phase 1 hands on: a network in the forms that the later phases need, and who made it.

This module does *not* look for one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from corpus.records.search.proposals import DecidedBy
from corpus.records.tasks.shape import TaskShape
from generator.strategies.agentnas.recipe import Recipe
from generator.trees.nodes import Tree
from generator.trees.recipe import HYPERPARAMETERS, NET, TRAINING
from generator.trees.rendering import render
from generator.trees.specs import Library

_ARCHITECTURE = """\
class Architecture(nn.Module):
    def __init__(self):
        super().__init__()
"""


@dataclass(frozen=True)
class Seed:
    """A network to build a search space around.

    Attributes:
        architecture: Python that defines it as a class `Architecture`.
        recipe: How it is trained; None as all trees are.
        tree: It as a tree, None where it is none.
        by: Who made it.
        candidate: Id of the candidate that it is, None where it was not judged.
        score: Its validation score, None likewise.
    """

    architecture: str
    recipe: Recipe | None
    tree: Tree | None
    by: DecidedBy
    candidate: str | None = None
    score: float | None = None

    def as_modules(self, architecture: str) -> Seed:
        """Return the same network in another text."""
        return replace(self, architecture=architecture)


def tree_seed(
    tree: Tree, shape: TaskShape, library: Library, candidate: str | None = None, score: float | None = None
) -> Seed:
    """Return a tree that no model wrote as a seed; it is legal for the task."""
    program = render(tree, shape, library).removesuffix(TRAINING)
    text = program.replace(HYPERPARAMETERS, "").replace(NET, _ARCHITECTURE)
    text = text.replace("in_shape[1]", str(shape.channels)).replace("out_shape[0]", str(shape.classes))
    return Seed(text, None, tree, DecidedBy.RULE, candidate, score)
