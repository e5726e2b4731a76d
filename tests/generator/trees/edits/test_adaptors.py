"""Adaptors: put in where shapes break, taken out where they need not."""

from __future__ import annotations

import pytest

from generator.trees.canonical import canonical
from generator.trees.edits.adaptors import adaptors, mended, without_adaptors
from generator.trees.encoding import decode
from generator.trees.nodes import Tree
from generator.trees.shapes import check
from tests.generator.spaces.building import DIGITS
from tests.generator.trees.edits.grounds import GROUND, text

LIBRARY = GROUND.library


def read(nodes: str) -> Tree:
    """Return a tree around nodes, legal or not."""
    found = decode(f"conv(8) | {nodes} | mean classifier", LIBRARY)
    assert found is not None
    return found


def mend(nodes: str) -> str | None:
    """Return the nodes with what they need."""
    found = mended(read(nodes), DIGITS, LIBRARY, GROUND.layout)
    if found is None:
        return None
    assert check(found, DIGITS, LIBRARY) == []
    return text(canonical(found, DIGITS, LIBRARY)).split(" | ")[1]


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("residual(conv(16) relu)", "residual(conv(x2) relu; ~conv(x2, kernel=1))"),
        ("residual(conv(stride=2))", "residual(conv(stride=2); ~conv(kernel=1, stride=2))"),
        ("residual(conv; conv(16))", "residual(conv; conv(x2) ~conv(kernel=1))"),
        ("residual(conv; max_pool)", "residual(conv ~conv(kernel=1, stride=2); max_pool)"),
        ("cat(conv; max_pool)", "cat(conv(8) ~conv(8, kernel=1, stride=2); max_pool)"),
        ("add(conv(12); conv; tanh)", "add(conv(12) ~conv(kernel=1); conv; tanh)"),
        ("add(conv(12); conv(12); tanh)", "add(conv(12); conv(12); tanh ~conv(12, kernel=1))"),
        ("gate(conv(4, kernel=1) sigmoid)", "gate(conv(/2, kernel=1) ~conv(kernel=1) sigmoid)"),
        ("2x[conv(16) relu]", "2x[conv(x2) relu ~conv(kernel=1)]"),
        ("conv(6) conv(8, groups=4)", "conv(6) ~conv(8, kernel=1) conv(8, groups=4)"),
        ("2x[residual(conv(16) relu)]", "2x[residual(conv(x2) relu; ~conv(x2, kernel=1)) ~conv(kernel=1)]"),
    ],
)
def test_an_adaptor_stands_where_shapes_would_break(broken: str, whole: str) -> None:
    assert mend(broken) == whole
    assert mend(whole) == whole, "what is whole stays as it is"


@pytest.mark.parametrize(
    ("nodes", "plain"),
    [
        ("residual(conv; ~conv(kernel=1))", "residual(conv)"),
        ("residual(conv ~conv(kernel=1))", "residual(conv)"),
        ("2x[conv ~conv(kernel=1)]", "2x[conv]"),
        ("~conv(16, kernel=1) conv", "conv(8)"),
        ("cat(~conv(kernel=1); conv)", "cat(identity; conv)"),
    ],
)
def test_an_adaptor_that_is_not_needed_is_taken_out(nodes: str, plain: str) -> None:
    assert mend(nodes) == mend(plain)
    assert adaptors(without_adaptors(read(nodes)), DIGITS, LIBRARY) == 0


@pytest.mark.parametrize(
    "nodes", ["2x[max_pool]", "gate(max_pool)", "max_pool max_pool max_pool max_pool", "linear(8)", "nothing"]
)
def test_what_no_adaptor_mends_is_none(nodes: str) -> None:
    assert mend(nodes) is None


def test_adaptors_count_as_often_as_they_stand_in_the_network() -> None:
    assert adaptors(read("3x[conv(16) ~conv(8, kernel=1)] ~conv(4, kernel=1)"), DIGITS, LIBRARY) == 4
