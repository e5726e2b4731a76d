"""Trees as text: what is read, what is not, and that no text breaks the reader."""

from __future__ import annotations

import random
import time

import pytest

from corpus.records.tasks.shape import TaskShape
from generator.trees.encoding import (
    LONGEST_TEXT,
    decode,
    decode_nodes,
    encode,
    encode_node,
)
from generator.trees.nodes import Composite, Module, Repeat, Tree
from generator.trees.primitives import primitives
from tests.generator.trees.drawn import draw_tree

LIBRARY = primitives()
LINE = (
    "conv(16) batch_norm | 2x[residual(conv relu; conv(kernel=1))] cat(; ~conv(8)) "
    "| mean dropout(0.5) classifier"
)


def test_a_line_is_read_as_a_tree() -> None:
    block = Composite(
        "residual",
        (Composite("sequence", (Module("conv"), Module("relu"))), Module("conv", (("kernel", 1),))),
    )
    wide = Module("conv", (("width", 8),), adaptor=True)
    stage = (Repeat(block, 2), Composite("branches", (Composite("sequence", ()), wide), "cat"))
    expected = Tree(
        (Module("conv", (("width", 16),)), Module("batch_norm")),
        (stage,),
        (Module("mean"), Module("dropout", (("p", 0.5),)), Module("classifier")),
    )
    assert decode(LINE, LIBRARY) == expected
    assert encode(expected, LIBRARY) == LINE
    assert encode_node(block, LIBRARY) == "residual(conv relu; conv(kernel=1))"
    assert decode_nodes("residual(conv relu; conv(kernel=1))", LIBRARY) == (block,)


def test_modules_that_the_library_does_not_know_are_read_with_names() -> None:
    module = Module(
        "ConvNormAct-1a2b3c4d", (("act", "nn.SiLU"), ("eps", 1e-05), ("note", 'a, "b"; c'), ("n", None))
    )
    tree = Tree((module,), (), (Module("classifier"),))
    assert decode(encode(tree, LIBRARY), LIBRARY) == tree
    assert decode("ConvNormAct-1a2b3c4d(3) | classifier", LIBRARY) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "conv(16)",
        "conv(16 | classifier",
        "conv(16)) | classifier",
        "conv() | classifier",
        "conv(16, 3) | classifier",
        "conv(kernel=) | classifier",
        "conv(1.2.3) | classifier",
        "conv(1e999) | classifier",
        "0x[conv] | classifier",
        "2x[] | classifier",
        "2x[conv | classifier",
        "residual | classifier",
        "~residual(conv) | classifier",
        "/2 | classifier",
        "conv ; conv | classifier",
        'conv("a) | classifier',
        'conv("\\ud") | classifier',
        "conv(16) | classifier\0",
        "nn.Conv2d(3, 16, 3)",
        "residual(" * 17 + "relu" + ")" * 17 + " | classifier",
        "relu " * (LONGEST_TEXT // 5) + "| classifier",
    ],
)
def test_a_line_that_is_no_tree_is_none(text: str) -> None:
    assert decode(text, LIBRARY) is None


def test_damaged_lines_raise_nothing() -> None:
    rng = random.Random(0)
    shape = TaskShape(channels=3, height=16, width=16, classes=10)
    lines = [encode(draw_tree(rng, shape), LIBRARY) for _ in range(20)] + [LINE]
    read = 0
    for _ in range(3_000):
        text = list(rng.choice(lines))
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(text))
            text[place : place + rng.randint(0, 2)] = rng.choice('()[];|,=~/x2 "\\.-e\n\0é')
        tree = decode("".join(text), LIBRARY)
        if tree is not None:
            read += 1
            assert decode(encode(tree, LIBRARY), LIBRARY) == tree
    assert 0 < read < 3_000


@pytest.mark.parametrize(
    "piece", ["(", "2x[", "residual(", "conv(kernel=", '"\\', "~", "1" * 9, "relu;", "| ", "cat(;"]
)
def test_a_long_line_is_answered_at_once(piece: str) -> None:
    start = time.perf_counter()
    decode(piece * (LONGEST_TEXT // len(piece)), LIBRARY)
    assert time.perf_counter() - start < 1
