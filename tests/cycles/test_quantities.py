"""Durations, sizes, shares and numbers of things, as people say them."""

from __future__ import annotations

import pytest

from cycles.figures.quantities import byte_size, counted, duration, percent


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (700, "12 min"),
        (5_399, "1 h 30 min"),
        (12_000, "3 h 20 min"),
    ],
)
def test_a_duration_has_the_units_of_its_length(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 KiB"), (860_160, "840 KiB"), (3 * 2**20, "3 MiB"), (2**30, "1.0 GiB"), (2.4 * 2**30, "2.4 GiB")],
)
def test_a_size_has_the_unit_of_its_magnitude(count: float, text: str) -> None:
    assert byte_size(count) == text


@pytest.mark.parametrize(("share", "text"), [(0.0, "0%"), (0.414, "41%"), (1.0, "100%")])
def test_a_share_is_in_whole_per_cent(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("number", "text"), [(0, "no nodes"), (1, "1 node"), (12, "12 nodes")])
def test_things_are_counted_in_their_grammatical_number(number: int, text: str) -> None:
    assert counted(number, "node") == text
