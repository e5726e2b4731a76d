"""What a space may offer beyond its contract: the operations of a point, and points made choice by choice.

A search that is steered in words ("more 3x3 convolutions") must know which words a point answers to. Both
abilities are optional: a search that needs one asks for it with `isinstance`, and refuses a space without.

This module does *not* implement either: the spaces do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from generator.spaces.contract import Space

Point = TypeVar("Point")

Pick = Callable[[str, Sequence[str]], str]
"""Returns one of the options for the next choice: called with what is written so far, and the options."""


@runtime_checkable
class Operational(Space[Point], Protocol[Point]):
    """A space whose points consist of operations that have names."""

    def vocabulary(self) -> tuple[str, ...]:
        """Return the names of all operations. They hold no comma, colon or semicolon."""
        ...

    def operations(self, point: Point) -> tuple[str, ...]:
        """Return the operations of a point, each as often as it occurs, in the order of the encoding."""
        ...


@runtime_checkable
class Composable(Operational[Point], Protocol[Point]):
    """A space whose points can, moreover, be made by one choice after the other, so that none is illegal."""

    def compose(self, pick: Pick) -> Point:
        """Return the legal point that the choices of `pick` lead to.

        Args:
            pick: Called for each choice with the encoding as far as it is written, and what may follow; it is
                not called where one thing alone may follow.
        """
        ...
