"""What phase 1 hands on: a network in the forms that the later phases need, and who made it.

It is also told here which candidates of a run were the seed, so that reports can name the best beside it.
This module does *not* look for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from corpus.records.search.proposals import DecidedBy
from corpus.records.search.trials import Trial
from corpus.records.tasks.shape import TaskShape
from generator.slots.space import SlotSpace
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
        trial: What phase 1 judged, None where it was not judged.
    """

    architecture: str
    recipe: Recipe | None
    tree: Tree | None
    by: DecidedBy
    trial: Trial | None = None

    @property
    def candidate(self) -> str | None:
        """Id of the candidate that it is, None where it was not judged."""
        return None if self.trial is None else self.trial.candidate.id

    @property
    def score(self) -> float | None:
        """Its validation score, None likewise."""
        return None if self.trial is None else self.trial.accuracy

    def as_modules(self, architecture: str) -> Seed:
        """Return the same network in another text."""
        return replace(self, architecture=architecture)


def seed_ids(trials: Iterable[Trial]) -> frozenset[str]:
    """Return the ids of the candidates of a run that are the seed; of other strategies' runs none is.

    It is what phase 1 judged, from which the choices of slots descend, or the choice that changes nothing.
    """
    choices = [each.candidate for each in trials if each.candidate.generator == SlotSpace.author]
    own = {each.id for each in choices}
    before = {parent for each in choices for parent in each.parents if parent not in own}
    return frozenset(before | {each.id for each in choices if each.operator == "seed"})


class BesideSeed(NamedTuple):
    """The seed of a run, and the best network that is not it: what a search in its slots was worth.

    Attributes:
        seed: The seed's best trial.
        best: The best valid trial of any other network, None where there is none.
    """

    seed: Trial
    best: Trial | None


def beside_seed(trials: Sequence[Trial]) -> BesideSeed | None:
    """Return the best network beside the seed; None where the run has none."""
    ids = seed_ids(trials)
    order = sorted(trials, key=lambda each: -(each.accuracy or 0.0))
    seed = next((each for each in order if each.candidate.id in ids), None)
    best = next((each for each in order if each.candidate.id not in ids and each.accuracy is not None), None)
    return None if seed is None else BesideSeed(seed, best)


def tree_seed(tree: Tree, shape: TaskShape, library: Library, trial: Trial | None = None) -> Seed:
    """Return a tree that no model wrote as a seed; it is legal for the task."""
    program = render(tree, shape, library).removesuffix(TRAINING)
    text = program.replace(HYPERPARAMETERS, "").replace(NET, _ARCHITECTURE)
    text = text.replace("in_shape[1]", str(shape.channels)).replace("out_shape[0]", str(shape.classes))
    return Seed(text, None, tree, DecidedBy.RULE, trial)
