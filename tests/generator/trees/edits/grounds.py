"""What the tests of edits share: a ground, trees from texts, and what the sandbox would say of a tree."""

from __future__ import annotations

from corpus.records.evaluations import Stage
from corpus.records.search.probes import Probe
from corpus.records.tasks.shape import TaskShape
from generator.trees.canonical import canonical
from generator.trees.edits.catalogue import operations
from generator.trees.edits.contract import Option
from generator.trees.edits.ground import Ground
from generator.trees.encoding import decode, encode
from generator.trees.nodes import Path, Tree
from generator.trees.primitives import primitives
from generator.trees.rendering import render
from tests.generator.spaces.building import DIGITS, build, images

GROUND = Ground(primitives(), DIGITS, 100_000)
OPERATIONS = operations(GROUND)


def tree(text: str) -> Tree:
    """Return the tree of a text, in canonical form."""
    found = decode(text, GROUND.library)
    assert found is not None, text
    return canonical(found, DIGITS, GROUND.library)


def text(found: Tree) -> str:
    """Return a tree as text."""
    return encode(found, GROUND.library)


def option(name: str, found: Tree, path: Path, what: str, how: str) -> Option:
    """Return the one legal option of these words."""
    (only,) = [each for each in OPERATIONS[name].options(found, path, what) if each.how == how]
    return only


def edited(name: str, before: str, path: Path, what: str, how: str = "") -> str:
    """Return the text of the tree that an edit leads to."""
    found = tree(before)
    return text(OPERATIONS[name].apply(found, path, option(name, found, path, what, how)))


def probed(found: Tree, ground: Ground = GROUND, shape: TaskShape = DIGITS) -> Probe:
    """Return what a probe of a tree's program says: parameters, graph and the scores' shape are recorded."""
    import torch

    from evaluator.child.graph import GraphRecorder

    net = build(render(found, shape, ground.library), shape)
    recorder = GraphRecorder()
    with torch.no_grad():
        scores = recorder(net.eval(), images(shape, 2))
    return Probe(
        failure=None,
        stage=Stage.DONE,
        parameters=sum(weight.numel() for weight in net.parameters() if weight.requires_grad),
        output_shape=tuple(scores.shape[1:]),
        graph=recorder.graph,
    )
