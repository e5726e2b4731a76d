"""Where a search over a space of trees starts: points that its user names, or those of the space.

This module does *not* judge them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from generator.strategies.catalogue import StrategyError

Point = TypeVar("Point")
Point_co = TypeVar("Point_co", covariant=True)


class Starting(Protocol[Point_co]):
    """The part of a space that this module needs."""

    name: str

    def starts(self) -> Sequence[Point_co]:
        """Return the points that a search starts from where its user names none."""
        ...

    def start(self, name: str) -> Point_co | None:
        """Return one of them by its name, None where there is none of that name."""
        ...

    def decode(self, text: str) -> Point_co | None:
        """Return the legal point of an encoding, None where it is none."""
        ...


def starting_points(space: Starting[Point], texts: Sequence[str]) -> list[Point]:
    """Return the points that `texts` name or encode; all of the space's own where there are none.

    Raises:
        StrategyError: A text is no point of the space.
    """
    return [_decoded(space, text) for text in texts] or list(space.starts())


def _decoded(space: Starting[Point], text: str) -> Point:
    point = space.start(text)
    point = space.decode(text) if point is None else point
    if point is None:
        raise StrategyError(
            f"strategy.settings.start: '{text[:80]}' is no network of the space '{space.name}' for this "
            "task: mend it, or leave start empty"
        )
    return point
