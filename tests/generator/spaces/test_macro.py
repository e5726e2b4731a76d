"""The macro space: what only it does."""

from __future__ import annotations

import random

import pytest

from generator.spaces.macro import MacroSpace, Stage
from tests.generator.spaces.building import DIGITS, SHAPES, build, structure

SPACE = MacroSpace(DIGITS)


def test_a_line_is_read_as_stages() -> None:
    found = SPACE.decode("plain w16 k3 b1  |  inverted w32 k5 b2 x4")
    assert found == (Stage("plain", 16, 3, 1), Stage("inverted", 32, 5, 2, expansion=4))


@pytest.mark.parametrize(
    "text",
    [
        "plain w16 k3 b1",
        "plain w17 k3 b1 | plain w16 k3 b1",
        "plain w16 k3 b1 x2 | plain w16 k3 b1",
        "inverted w16 k3 b1 | plain w16 k3 b1",
        "residual w96 k5 b3 | residual w96 k5 b3",
        " | ".join(["plain w16 k3 b1"] * 6),
    ],
    ids=["one-stage", "width", "expansion-of-plain", "no-expansion", "too-large", "too-many-stages"],
)
def test_a_line_that_is_no_point_is_none(text: str) -> None:
    assert SPACE.decode(text) is None


def test_small_images_allow_fewer_stages() -> None:
    assert [MacroSpace(shape).most_stages for shape in (SHAPES[4], SHAPES[0], SHAPES[3])] == [2, 3, 4]


def test_every_kind_of_edit_comes_up() -> None:
    rng, seen = random.Random(0), set()
    point = SPACE.sample(rng)
    for _ in range(500):
        point, operator = SPACE.mutate(point, rng)
        seen.add(operator)
    assert seen == {
        *("widen", "narrow", "deepen", "flatten", "kernel"),
        *("kind", "expand", "add_stage", "drop_stage"),
    }


def test_other_points_are_other_networks() -> None:
    rng, structures, keys = random.Random(3), set(), set()
    for _ in range(40):
        point = SPACE.sample(rng)
        keys.add(SPACE.key(point))
        structures.add(structure(build(SPACE.render(point), DIGITS), DIGITS))
    assert len(structures) == len(keys)
