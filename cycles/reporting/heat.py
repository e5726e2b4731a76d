"""A template of design ideas as heat maps: a table for each level, rows by category, a column for each count.

A cell's shade goes by the logarithm of its count, against the largest of the whole template; the count stands
in it, so that it reads without colours too. Returns plain values: the page's own template makes the tables.
This module does *not* count (`cycles.figures.coverage` does).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log1p
from typing import NamedTuple

from corpus.records.search.ideas import category_of
from cycles.figures.coverage import MEASURES, Place, Spread

STEPS = 6
"""Shades of cells; one that counts nothing has none."""


class Cell(NamedTuple):
    """One count, and the step of its shade, 0 for none."""

    number: int
    step: int


class HeatRow(NamedTuple):
    """One row: a category, or a sub-category below it.

    Attributes:
        name: The last part of its path.
        says: What belongs there, empty for a category.
        whole: Whether it is a category.
        cells: Its counts, in the order of `MEASURES`.
    """

    name: str
    says: str
    whole: bool
    cells: list[Cell]


class Level(NamedTuple):
    """One level of the template: its name, and its rows in the template's order."""

    name: str
    rows: list[HeatRow]


def levels(spread: Spread) -> list[Level]:
    """Return the heat maps of a template."""
    most = max(count for place in spread.categories for count in _counts(place))
    found: dict[str, list[HeatRow]] = {}
    for category in spread.categories:
        level, _, name = category.path.partition("/")
        leaves = (each for each in spread.subcategories if category_of(each.path) == category.path)
        rows = found.setdefault(level, [])
        rows.append(_row(category, name, most, whole=True))
        rows += (_row(leaf, leaf.path.rpartition("/")[2], most, whole=False) for leaf in leaves)
    return [Level(name, rows) for name, rows in found.items()]


def step(count: int, most: int) -> int:
    """Return the shade of a count: 0 for none, `STEPS` for the most, by the logarithm between."""
    return ceil(STEPS * log1p(count) / log1p(most)) if count else 0


def _row(place: Place, name: str, most: int, *, whole: bool) -> HeatRow:
    cells = [Cell(count, step(count, most)) for count in _counts(place)]
    return HeatRow(name.replace("-", " "), place.says, whole, cells)


def _counts(place: Place) -> Iterable[int]:
    return (getattr(place, measure) for measure in MEASURES)
