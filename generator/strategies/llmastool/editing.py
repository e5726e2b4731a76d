"""What a space must offer to be searched so: operations on its points, each with all its degrees of freedom.

    for operation in space.edits.values():
        path = one of operation.sites(point)
        what = one of operation.subjects(point, path)
        option = one of operation.options(point, path, what)
        child = operation.apply(point, path, option)

`generator.spaces.trees` is such a space. This module does *not* choose.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from generator.spaces.contract import Space

Point = TypeVar("Point")


class Option(Protocol):
    """One way to carry out an operation at one place.

    Attributes:
        what: The module, the argument or the composite that it is about, in a word.
        how: How that is set, in a word or two; may be empty.
    """

    @property
    def what(self) -> str:
        """See above."""
        ...

    @property
    def how(self) -> str:
        """See above."""
        ...


class Operation(Protocol[Point]):
    """One kind of edit."""

    @property
    def name(self) -> str:
        """Its name: `swap`."""
        ...

    @property
    def words(self) -> str:
        """What it does, for a model: `put another module in the place of one`."""
        ...

    def sites(self, point: Point) -> Sequence[Any]:
        """Return the places with at least one legal option, in a fixed order."""
        ...

    def subjects(self, point: Point, path: Any) -> Sequence[str]:
        """Return what it may be about there, in a fixed order."""
        ...

    def options(self, point: Point, path: Any, what: str | None = None) -> Sequence[Any]:
        """Return the legal options there, of one subject or of all."""
        ...

    def apply(self, point: Point, path: Any, option: Any) -> Point:
        """Return the point that comes of a legal option."""
        ...

    def place(self, point: Point, path: Any) -> str:
        """Return a place in words; no two places of a point have the same."""
        ...


@runtime_checkable
class Editable(Space[Point], Protocol[Point]):
    """A space whose points can be edited choice by choice."""

    @property
    def edits(self) -> Mapping[str, Operation[Point]]:
        """The operations by their names, in a fixed order."""
        ...

    def starts(self) -> Sequence[Point]:
        """Return the points that a search starts from where its user names none."""
        ...

    def primitive(self) -> Editable[Point]:
        """Return the same space over our own primitives alone, without mined modules."""
        ...

    def niche(self, point: Point) -> Hashable:
        """Return what a point is made of: equal for points of one kind."""
        ...
