"""The canonical form: which ways of writing a network it tells to be one, and which not."""

from __future__ import annotations

import pytest

from corpus.records.tasks.shape import TaskShape
from generator.trees.canonical import canonical, key
from generator.trees.encoding import decode, encode
from generator.trees.primitives import primitives
from generator.trees.shapes import check, parameters
from generator.trees.starts import STARTS, start, starts
from tests.generator.spaces.building import SHAPES

LIBRARY = primitives()
SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("conv(8, kernel=3, stride=1, bias=false)", "conv(8)"),
        ("conv(8, bias=true, kernel=5)", "conv(8, kernel=5, bias=true)"),
        ("conv(8, kernel=1, dilation=2, padded=false)", "conv(8, kernel=1)"),
        ("conv(8) conv", "conv(8) conv(1)"),
        ("conv(8) residual(conv(8))", "conv(8) residual(conv)"),
        ("conv(8) residual(conv(32) relu conv(8))", "conv(8) residual(conv(x4) relu conv)"),
        ("conv(8) 2x[conv(8)]", "conv(8) 2x[conv]"),
        (
            "conv(8) cat(conv(8); conv(x2) residual(conv(16)))",
            "conv(8) cat(conv(8); conv(16) residual(conv))",
        ),
        ("conv(8) conv(8, groups=8)", "conv(8) depthwise"),
        ("conv(8, groups=1) depthwise(kernel=5)", "conv(8) depthwise(5)"),
        ("depthwise conv(8)", "conv(1) conv(8)"),
        ("conv(8) group_norm(1)", "conv(8) layer_norm"),
        ("conv(8) identity relu", "conv(8) relu"),
        ("conv(8) residual(relu; identity)", "conv(8) residual(relu)"),
        ("conv(8) cat(; relu identity)", "conv(8) cat(identity; relu)"),
        ("conv(8) cat(relu) add(relu elu)", "conv(8) relu relu elu"),
        ("conv(8) add(; relu)", "conv(8) residual(relu)"),
        ("conv(8) add(elu; relu)", "conv(8) residual(elu; relu)"),
        ("conv(8) add(elu; relu; identity)", "conv(8) add(elu; relu; identity)"),
        ("conv(8) 3x[2x[relu]] 1x[elu]", "conv(8) 6x[relu] elu"),
        ("conv(8) 3x[identity]", "conv(8)"),
        ("conv(8) max_pool(2, padded=false)", "conv(8) max_pool"),
        ("conv(8) max_pool(2, ceil=true)", "conv(8) max_pool"),
        ("conv(8) max_pool(3, padded=false, ceil=true)", "conv(8) max_pool(3, padded=false, ceil=true)"),
        ("conv(8) prelu(true)", "conv(8) prelu(true)"),
    ],
)
def test_a_network_has_one_form(written: str, form: str) -> None:
    tree = decode(f"{written} | mean classifier", LIBRARY)
    assert tree is not None
    assert check(tree, SHAPE, LIBRARY) == []
    found = canonical(tree, SHAPE, LIBRARY)
    assert encode(found, LIBRARY) == f"{form} | mean classifier"
    assert parameters(found, SHAPE, LIBRARY) == parameters(tree, SHAPE, LIBRARY)


@pytest.mark.parametrize(("head", "form"), [("pool flatten", "mean"), ("pool(1, by=max) flatten", "max")])
def test_a_reduction_has_one_form(head: str, form: str) -> None:
    tree, other = (decode(f"conv(8) | {each} classifier", LIBRARY) for each in (head, form))
    assert tree is not None and other is not None
    assert canonical(tree, SHAPE, LIBRARY) == other


def test_marks_are_no_part_of_the_key_and_arguments_are() -> None:
    lines = ["conv(8) | mean classifier", "~conv(8, kernel=3) | mean classifier", "conv(9) | mean classifier"]
    trees = [decode(line, LIBRARY) for line in lines]
    keys = [key(tree, SHAPE, LIBRARY) for tree in trees if tree]
    assert keys[0] == keys[1] != keys[2]


def test_a_tree_that_is_not_legal_keeps_what_no_shape_reaches() -> None:
    tree = decode("conv(8, groups=3) residual(conv(8, kernel=3)) | mean classifier", LIBRARY)
    assert tree is not None
    assert canonical(tree, SHAPE, LIBRARY) == tree


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("cap", [5_000, 20_000, 500_000])
def test_starts_are_legal_and_below_the_cap(shape: TaskShape, cap: int) -> None:
    found = starts(shape, LIBRARY, max_parameters=cap)
    for tree in found.values():
        assert check(tree, shape, LIBRARY) == []
        assert (parameters(tree, shape, LIBRARY) or 0) <= cap
        assert canonical(tree, shape, LIBRARY) == tree
    assert list(found) == list(STARTS) or cap == 5_000


def test_the_largest_resnet_is_resnet_32() -> None:
    """On CIFAR-10 He et al. give 0.46 million parameters."""
    shape = TaskShape(channels=3, height=32, width=32, classes=10)
    tree = start("resnet", shape, LIBRARY, max_parameters=500_000)
    assert tree is not None
    assert parameters(tree, shape, LIBRARY) == 466_906
