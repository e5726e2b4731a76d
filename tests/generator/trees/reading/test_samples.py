"""Programs as people write them: how many are read, and that what is read is the network that is written."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program
from generator.trees.nodes import Tree
from generator.trees.primitives import primitives
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.reader import read
from generator.trees.rendering import render
from generator.trees.shapes import parameters
from tests.generator.trees.reading.comparing import built, differ, images, move, weights

LIBRARY = primitives()
SHAPE = TaskShape(channels=3, height=32, width=32, classes=10)
SMALL = TaskShape(channels=1, height=8, width=8, classes=10)

SAMPLES = {path.stem: path for path in sorted((Path(__file__).parent / "samples").glob("*.py"))}

REFUSED = {
    "cbam": ("module", "a mean over other sides"),
    "convnext": ("module", "a mean over other sides"),
    "mobilenet_v3": ("module", "'+' with a number"),
    "shufflenet": ("module", "'permute'"),
    "unet_classifier": ("module", "ConvTranspose2d"),
    "vit": ("module", "'transpose'"),
}
"""Those of the sample that are not read, and why."""

CONSTANTS = {"inception_blocks": 0.05}
"""How far outputs may lie apart where a normalisation's `eps` is another one."""


@cache
def _found(name: str) -> Tree | NotATreeError:
    try:
        return read(SAMPLES[name].read_text(encoding="utf-8"), SHAPE, LIBRARY)
    except NotATreeError as error:
        return error


@pytest.fixture(autouse=True)
def _no_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out a dropout that a program leaves on when it is evaluated."""

    def kept(x: Tensor, *_: object, **__: object) -> Tensor:
        return x

    monkeypatch.setattr(torch.nn.functional, "dropout", kept)


def test_at_least_four_of_five_programs_as_people_write_them_are_read() -> None:
    read_ones = [name for name in SAMPLES if isinstance(_found(name), Tree)]
    assert len(SAMPLES) >= 30
    assert len(read_ones) >= 0.8 * len(SAMPLES)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_program_that_is_no_tree_is_refused_for_its_reason_and_with_its_line(name: str) -> None:
    found, (reason, words) = _found(name), REFUSED[name]
    assert isinstance(found, NotATreeError)
    assert found.reason == reason
    assert words in str(found)
    assert found.line is not None


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - REFUSED.keys()))
def test_what_is_read_computes_what_the_program_computes_with_as_many_weights(name: str) -> None:
    tree = _found(name)
    assert isinstance(tree, Tree)
    source = SAMPLES[name].read_text(encoding="utf-8")
    assert_same(source, tree, SHAPE, CONSTANTS.get(name, 1e-4))
    scores = built(source, SHAPE)(images(SHAPE))
    assert float((scores[0] - scores[1]).detach().abs().max()) > 1e-3  # else any network were the same


def assert_same(source: str, tree: Tree, shape: TaskShape, tolerance: float) -> None:
    """Build a program, and the one rendered from its tree, and compare them."""
    x = images(shape)
    with torch.no_grad():
        theirs, ours = built(source, shape), built(render(tree, shape, LIBRARY), shape)
        count = sum(each.numel() for each in theirs.parameters())
        assert count == sum(each.numel() for each in ours.parameters()) == parameters(tree, shape, LIBRARY)
        assert weights(theirs, x) == weights(ours, x)
        assert differ(theirs, ours, x) < tolerance
        if move(theirs, ours, x):  # where branches are called in another order, weights cannot be told apart
            assert differ(theirs, ours, x) < tolerance


def _grammar(seed: int) -> tuple[str, TaskShape]:
    shape = (SHAPE, SMALL)[seed % 2]
    return sample_program(random.Random(seed), shape).source, shape


def test_nine_of_ten_programs_of_the_grammar_are_read_and_the_others_for_few_reasons() -> None:
    refused: Counter[str] = Counter()
    for seed in range(200):
        source, shape = _grammar(seed)
        try:
            read(source, shape, LIBRARY)
        except NotATreeError as error:
            refused[error.reason] += 1
    assert refused.total() <= 20
    assert refused.keys() <= {"module", "shape"}


@pytest.mark.parametrize("seed", range(0, 200, 5))
def test_what_is_read_of_a_program_of_the_grammar_is_the_same_network(seed: int) -> None:
    source, shape = _grammar(seed)
    try:
        tree = read(source, shape, LIBRARY)
    except NotATreeError as error:
        assert error.reason in ("module", "shape")
        return
    assert_same(source, tree, shape, 1e-3)


@pytest.mark.parametrize("name", ["resnet_basic", "vgg", "mobilenet_v2", "densenet", "squeezenet"])
def test_reading_what_was_written_of_what_was_read_gives_the_same_tree(name: str) -> None:
    tree = _found(name)
    assert isinstance(tree, Tree)
    assert read(render(tree, SHAPE, LIBRARY), SHAPE, LIBRARY) == tree


def test_stages_of_a_stranger_begin_where_the_sides_shrink() -> None:
    tree = _found("resnet_basic")
    assert isinstance(tree, Tree)
    assert [type(node).__name__ for node in tree.stem] == ["Module", "Module", "Module"]
    assert [len(stage) for stage in tree.stages] == [
        1,
        3,
        3,
    ]  # three blocks alike; one with a stride, two alike
