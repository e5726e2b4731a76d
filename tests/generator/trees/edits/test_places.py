"""Places in trees, and trees with something else there."""

from __future__ import annotations

import pytest

from generator.trees.edits.places import END, at, beside, put, row_at, slots
from generator.trees.nodes import Module, walk
from tests.generator.trees.edits.grounds import text, tree

NET = tree(
    "conv(8) relu | 2x[residual(conv batch_norm)] cat(conv(4) relu; max_pool(3, stride=1)) | mean classifier"
)


def test_every_node_stands_where_the_walk_says() -> None:
    assert all(at(NET, path) is node for path, node in walk(NET))


def test_a_node_put_in_its_own_place_changes_nothing() -> None:
    assert all(put(NET, path, (node,)) == NET for path, node in walk(NET))


def test_each_slot_takes_a_node_and_no_two_are_one_place() -> None:
    changed = [put(NET, path, (Module("tanh"),), instead_of=0) for path in slots(NET)]
    assert len(set(changed)) == len(changed) == 19
    assert all(text(each).count("tanh") == 1 for each in changed)


def test_a_node_behind_a_child_that_stands_alone_makes_a_row() -> None:
    found = put(NET, ("stages", 0, 1, 1, END), (Module("tanh"),))
    assert "max_pool(3, stride=1) tanh)" in text(found)


def test_a_branch_that_is_taken_away_is_gone() -> None:
    assert "cat(conv(4) relu)" in text(put(NET, ("stages", 0, 1, 1), ()))


def test_a_stage_can_be_replaced_as_a_whole() -> None:
    assert text(put(NET, ("stages", 0), (Module("tanh"),))) == "conv(8) relu | tanh | mean classifier"


def test_several_nodes_of_a_row_are_replaced_at_once() -> None:
    assert text(put(NET, ("stem", 0), (Module("tanh"),), instead_of=2)).startswith("tanh |")


def test_a_row_is_what_stands_behind_a_node() -> None:
    assert [len(row_at(NET, path)) for path in (("stem", 0), ("stem", 1), ("stages", 0, 1, 1))] == [2, 1, 1]


def test_beside_a_place_stand_the_nodes_in_front_and_behind() -> None:
    assert beside(NET, ("stem", 1)) == NET.stem
    assert beside(NET, ("stem", 0)) == NET.stem[:1] and beside(NET, ("stem", END)) == NET.stem[1:]


@pytest.mark.parametrize(
    "path",
    [
        ("tail", 0),
        ("stem", 2),
        ("stem", -1),
        ("stages", 1, 0),
        ("stem", 0, 0),
        ("stages", 0, 0, 1),
        ("stem", END),
    ],
)
def test_a_place_that_there_is_not_is_a_mistake(path: tuple[str | int, ...]) -> None:
    with pytest.raises(LookupError):
        at(NET, path)
