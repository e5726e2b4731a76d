"""What a search has tried so far, round by round. This module does *not* say it to a model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from generator.strategies.collm.direction import Direction


class Tried(NamedTuple):
    """A candidate that was judged.

    Attributes:
        encoding: The point, as its space writes it.
        operations: What it consists of.
        accuracy: Validation accuracy in [0, 1], None where the network is not valid.
    """

    encoding: str
    operations: tuple[str, ...]
    accuracy: float | None


class Round(NamedTuple):
    """One strategy and what came of it.

    Attributes:
        direction: The strategy.
        tried: Its candidates that were judged.
        unusable: Answers that were charged without one: illegal, known already, or missing.
    """

    direction: Direction
    tried: tuple[Tried, ...]
    unusable: int


@dataclass
class Memory:
    """The rounds of one search.

    Attributes:
        rounds: All of them, in their order.
        visited: Keys of the points that were proposed.
    """

    rounds: list[Round] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)

    @property
    def tried(self) -> list[Tried]:
        """All candidates that were judged, best first, invalid ones last; of equals the earlier one."""
        return ranked(each for past in self.rounds for each in past.tried)


def ranked(tried: Iterable[Tried]) -> list[Tried]:
    """Return candidates best first; those that are not valid come last."""
    return sorted(tried, key=lambda each: -1.0 if each.accuracy is None else each.accuracy, reverse=True)
