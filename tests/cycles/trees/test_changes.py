"""What an edit changed in a tree is marked, and nothing else."""

from __future__ import annotations

import random

import pytest

from corpus.records.tasks.shape import TaskShape
from cycles.reporting.trees.changes import Mark, Marks, changes, untouched
from generator.spaces.trees import TreeSpace
from generator.trees.encoding import decode
from generator.trees.nodes import Tree, walk
from generator.trees.primitives import primitives

LIBRARY = primitives()
BASE = (
    "conv(16) batch_norm relu | 2x[residual(conv batch_norm relu conv) relu] | conv(32) relu | "
    "mean classifier"
)


def tree(text: str) -> Tree:
    found = decode(text, LIBRARY)
    assert found is not None
    return found


def named(found: Tree, marks: Marks) -> list[str]:
    """Return the marked nodes in the tree's order: `+conv`, `-relu`, `~repeat`."""
    signs = {Mark.ADDED: "+", Mark.REMOVED: "-", Mark.CHANGED: "~"}
    nodes = dict(walk(found))
    assert set(marks) <= set(nodes)
    words = []
    for path, node in nodes.items():
        if path in marks:
            word = getattr(node, "name", None) or getattr(node, "kind", "repeat")
            words.append(signs[marks[path]] + word)
    return words


@pytest.mark.parametrize(
    ("after", "gone", "come"),
    [
        (BASE, [], []),
        (BASE.replace("norm relu |", "norm gelu |"), ["-relu"], ["+gelu"]),
        (BASE.replace("conv(16)", "conv(24)"), ["~conv"], ["~conv"]),
        (BASE.replace("mean c", "dropout mean c"), [], ["+dropout"]),
        (BASE.replace("batch_norm relu |", "relu |"), ["-batch_norm"], []),
        (BASE.replace("2x[", "3x["), ["~repeat"], ["~repeat"]),
        (BASE.replace("relu conv)", "relu)"), ["-conv"], []),
        (BASE.replace("| conv(32) relu |", "| residual(conv(32)) relu |"), [], ["+residual"]),
        (BASE.replace("conv(32) relu |", "2x[conv(32) relu] |"), [], ["+repeat"]),
        (
            BASE.replace("2x[residual(", "2x[residual(gate(pool(1) sigmoid) "),
            [],
            ["+gate", "+pool", "+sigmoid"],
        ),
        (
            BASE.replace("| conv(32) relu |", "| cat(conv(32); max_pool) relu |"),
            [],
            ["+branches", "+max_pool"],
        ),
        (
            BASE.replace("conv(32) relu", "cat(conv(32); cat(relu; relu))"),
            ["-relu"],
            ["+branches", "+branches", "+relu", "+relu"],
        ),
        (BASE.replace("| conv(32) relu |", "|"), ["-conv", "-relu"], []),
        (BASE.replace("| mean", "| conv(64) relu | mean"), [], ["+conv", "+relu"]),
    ],
)
def test_marks_say_what_went_came_and_was_set_otherwise(after: str, gone: list[str], come: list[str]) -> None:
    before, changed = tree(BASE), tree(after)
    marks = changes(before, changed)
    assert (named(before, marks[0]), named(changed, marks[1])) == (gone, come)
    back = changes(changed, before)
    assert len(back[0]) == len(come) and len(back[1]) == len(gone)


def test_every_edit_of_the_space_is_marked() -> None:
    space = TreeSpace(TaskShape(channels=1, height=12, width=12, classes=10), max_parameters=20_000)
    rng = random.Random(0)
    for number in range(40):
        before = space.starts()[number % len(space.starts())]
        after, _ = space.mutate(before, rng)
        gone, come = changes(before, after)
        assert gone or come
        named(before, gone), named(after, come)


def test_parts_that_both_trees_have_are_untouched() -> None:
    before, after = tree(BASE), tree(BASE.replace("conv(32)", "conv(48)"))
    assert untouched(before, changes(before, after)[0], after) == [("stem",), ("stages", 0), ("head",)]


def test_a_composite_around_one_of_its_own_kind_is_put_around_it() -> None:
    layer = "cat(identity; batch_norm relu conv(8))"
    before = tree(f"conv(16) | {layer} {layer} {layer} conv(28, kernel=1) | mean classifier")
    after = tree(
        f"conv(16) | {layer} cat({layer} {layer}; conv(16, kernel=1)) conv(30, kernel=1) | mean classifier"
    )
    gone, come = changes(before, after)
    assert named(before, gone) == ["~conv"]
    assert named(after, come) == ["+branches", "+conv", "~conv"]


def test_a_change_in_one_of_many_equal_nodes_is_marked_in_its_place() -> None:
    layer = "cat(identity; batch_norm relu conv(8))"
    before = tree(f"conv(16) | {' '.join([layer] * 5)} | mean classifier")
    changed = layer.replace(" conv(8)", "")
    after = tree(f"conv(16) | {layer} {changed} {' '.join([layer] * 3)} | mean classifier")
    gone, come = changes(before, after)
    assert gone == {("stages", 0, 1, 1, 2): Mark.REMOVED} and come == {}


def test_a_branch_that_is_taken_out_is_marked_alone() -> None:
    before = tree("conv(16) | cat(conv(8); max_pool; conv(4)) | mean classifier")
    after = tree("conv(16) | cat(conv(8); conv(4)) | mean classifier")
    gone, come = changes(before, after)
    assert named(before, gone) == ["~branches", "-max_pool"] and named(after, come) == ["~branches"]
