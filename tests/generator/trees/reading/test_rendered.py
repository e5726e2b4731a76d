"""Reading a rendered program gives the tree again: drawn trees, edited trees, trees of mined modules."""

from __future__ import annotations

import random

import pytest

from corpus.records.tasks.shape import TaskShape
from generator.spaces.trees import TreeSpace
from generator.trees.canonical import canonical
from generator.trees.encoding import decode, encode
from generator.trees.nodes import Composite, Module, Repeat, Tree
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.reader import read
from generator.trees.rendering import render
from tests.generator.trees.drawn import LIBRARY, draw_tree
from tests.generator.trees.reading import mined

SHAPES = [
    TaskShape(channels=1, height=12, width=12, classes=10),
    TaskShape(channels=3, height=32, width=32, classes=10),
    TaskShape(channels=3, height=9, width=14, classes=7),
]


@pytest.mark.parametrize("part", range(10))
def test_reading_a_rendered_tree_gives_the_tree(part: int) -> None:
    for seed in range(30 * part, 30 * part + 30):
        shape = SHAPES[seed % len(SHAPES)]
        tree = draw_tree(random.Random(seed), shape)
        assert read(render(tree, shape, LIBRARY), shape, LIBRARY) == tree, encode(tree, LIBRARY)


@pytest.mark.parametrize("number", range(5))
def test_reading_a_rendered_tree_gives_the_tree_after_each_of_many_edits(number: int) -> None:
    shape = SHAPES[number % 2]
    space, rng = TreeSpace(shape), random.Random(number)
    tree = space.starts()[number % len(space.starts())]
    for _ in range(12):
        tree, edit = space.mutate(tree, rng)
        assert read(space.render(tree), shape, LIBRARY) == tree, (edit, space.encode(tree))


@pytest.mark.parametrize(
    "text",
    [
        "conv(8) | relu | relu relu | mean classifier",
        "conv(8) | 2x[relu] 2x[relu] relu relu | mean classifier",
        "conv(8) | 3x[conv(8) relu 2x[conv(8)]] | mean classifier",
        "conv(8) | residual(residual(conv)) residual(gate(conv); conv) | mean classifier",
        "conv(8) | add(conv(8); relu; identity) cat(cat(conv(8); relu); identity) | mean classifier",
        "conv(8) | gate(identity) residual(identity) | mean classifier",
        "conv(10, kernel=1, bias=true) | relu | classifier conv(10, kernel=1, bias=true) mean",
        "conv(8) | relu | mean linear(10) relu linear(10) classifier",
        "conv(8) | relu | pool dropout flatten classifier",
        "conv(8) | gate(pool conv(/4, kernel=1) relu conv(kernel=1) sigmoid) | flatten classifier",
        "| conv(8) | mean classifier",
        "| | mean classifier",
        "~conv(8) | ~relu ~conv(16) 2x[~batch_norm] | ~mean ~classifier",
    ],
)
def test_what_lies_close_together_is_told_apart(text: str) -> None:
    shape = SHAPES[1]
    decoded = decode(text, LIBRARY)
    assert decoded is not None
    tree = canonical(decoded, shape, LIBRARY)
    assert read(render(tree, shape, LIBRARY), shape, LIBRARY) == tree


def _tree_of_mined_modules() -> Tree:
    carried = ("ConvNormAct-1a2b3c4d", "Square-5e6f7a8b")
    plain = Module(carried[0], (("act", False),))
    wide = Module(carried[0], (("out_chs", 16), ("kernel", 5)))
    stage = (wide, Repeat(Composite("residual", (plain,)), 2), Module(carried[1]))
    imported = Module("torch.nn.modules.activation.Hardshrink", (("lambd", 0.1),), adaptor=True)
    stem = (Module("conv", (("width", 8),)), Module("nn.CELU", (("alpha", 0.5),)))
    return Tree(stem, (stage, (imported,)), (Module("mean"), Module("classifier")))


def test_mined_modules_are_known_with_their_settings() -> None:
    shape = SHAPES[0]
    tree = canonical(_tree_of_mined_modules(), shape, mined.LIBRARY)
    source = render(tree, shape, mined.LIBRARY)
    assert "import torch as func_2" in source  # two texts call two things `func`
    assert read(source, shape, mined.LIBRARY) == tree


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kernel // 2 * scale", "kernel // 2 + scale - 1"),  # a helper is another one
        ("func.gelu", "func.relu"),  # the class is
        ("kernel=5, act=True", "kernel=5, act=False"),  # a setting that was not probed
        ("from torch.nn import functional as func", "from torch.nn import quantized as func"),
    ],
)
def test_what_differs_from_a_mined_module_is_not_taken_for_it(old: str, new: str) -> None:
    shape = SHAPES[0]
    source = render(canonical(_tree_of_mined_modules(), shape, mined.LIBRARY), shape, mined.LIBRARY)
    assert source.count(old) == 1
    with pytest.raises(NotATreeError) as caught:
        read(source.replace(old, new), shape, mined.LIBRARY)
    assert caught.value.reason == "module"
