"""What a space must offer to be searched so: operations on its points, each with all its degrees of freedom.

    for operation in space.edits.values():
        path = one of operation.places(point)
        option = one of operation.drafts(point, path)
        child = operation.apply(point, path, option), or EditError where it is not legal

Options say what they are about and how that is set, so that either can be chosen by itself. Whether one is
legal is found out when it is applied, not before: there are thousands. `generator.spaces.trees` is such a
space. This module does *not* choose.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from generator.spaces.contract import Space

Point = TypeVar("Point")


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

    def places(self, point: Point) -> Iterable[Any]:
        """Return the places where there may be options, in a fixed order."""
        ...

    def drafts(self, point: Point, path: Any) -> Iterable[Any]:
        """Return the options at a place, legal or not, in a fixed order.

        Each has two words: `what` it is about, a module, an argument or a composite, and `how` that is set,
        which may be empty.
        """
        ...

    def apply(self, point: Point, path: Any, option: Any) -> Point:
        """Return the point that comes of an option.

        Raises:
            EditError: It is not legal.
        """
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

    def start(self, name: str) -> Point | None:
        """Return one of them by its name: `resnet`; None where there is none of that name."""
        ...

    def primitive(self) -> Editable[Point]:
        """Return the same space over our own primitives alone, without mined modules."""
        ...

    def niche(self, point: Point) -> Hashable:
        """Return what a point is made of: equal for points of one kind."""
        ...
