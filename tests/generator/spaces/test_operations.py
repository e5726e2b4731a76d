"""What spaces offer to a search that is steered in words: names of operations, and points made by choices."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from generator.spaces.catalogue import build_space, space_names
from generator.spaces.operations import Composable, Operational
from tests.generator.spaces.building import DIGITS, scaled

COMPOSED = ["cells", "cells-3", "macro"]
each_space = pytest.mark.parametrize("name", space_names())
each_composed = pytest.mark.parametrize("name", COMPOSED)


@each_space
def test_every_space_names_the_operations_of_its_points(name: str) -> None:
    space, rng = build_space(name, DIGITS, 500_000), random.Random(0)
    assert isinstance(space, Operational)
    assert isinstance(space, Composable) == (name in COMPOSED)
    found = Counter(each for _ in range(scaled(name, 300)) for each in space.operations(space.sample(rng)))
    known = sum(count for operation, count in found.items() if operation in space.vocabulary())
    assert known > 0.99 * found.total()


@each_space
def test_a_name_of_an_operation_can_stand_in_a_list(name: str) -> None:
    space: Any = build_space(name, DIGITS, 500_000)
    words = space.vocabulary()
    assert len(set(words)) == len(words) > 2
    assert [word for word in words if set(word) & set(",;:\n") or not word.strip()] == []


@each_composed
@pytest.mark.parametrize("cap", [20_000, 500_000])
def test_what_is_made_by_choices_is_legal_and_what_was_chosen(name: str, cap: int) -> None:
    space, rng = build_space(name, DIGITS, cap), random.Random(1)
    assert isinstance(space, Composable)
    for _ in range(30):
        picked: list[str] = []

        def pick(begun: str, options: Sequence[str], picked: list[str] = picked) -> str:
            picked.append(rng.choice(options))
            assert len(set(options)) == len(options) > 1
            return picked[-1]

        point = space.compose(pick)
        assert space.legal(point)
        assert not Counter(word for word in picked if word not in ("|", "end")) - Counter(
            space.operations(point)
        )


@each_composed
def test_what_is_written_so_far_is_how_the_encoding_begins(name: str) -> None:
    space, rng = build_space(name, DIGITS, 500_000), random.Random(2)
    assert isinstance(space, Composable)
    for _ in range(30):
        begun: list[str] = []

        def pick(so_far: str, options: Sequence[str], begun: list[str] = begun) -> str:
            begun.append(so_far)
            return rng.choice(options)

        encoding = space.encode(space.compose(pick))
        assert all(encoding.startswith(text) for text in begun)
        assert sorted(set(begun), key=len) == begun


@each_composed
def test_all_of_a_space_can_be_made_by_choices(name: str) -> None:
    """Steered choice by choice towards a drawn point, one arrives at it."""
    space, rng = build_space(name, DIGITS, 500_000), random.Random(3)
    assert isinstance(space, Composable)
    for _ in range(20):
        wanted = space.sample(rng)
        encoding = space.encode(wanted)

        def pick(begun: str, options: Sequence[str], encoding: str = encoding) -> str:
            rest = encoding.removeprefix(begun).strip()
            right = [each for each in options if rest.startswith(each)]
            return max(right, key=len, default="end")

        assert space.compose(pick) == wanted
