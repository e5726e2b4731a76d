"""A derivation: every choice that the grammar makes on the way to one program, as a tree to replay.

The grammar asks `Choices` for all that it does not fix. Each choice has a *site*, the name of what is chosen
(`kernel`), and lies in a *span*, the part of the program that it belongs to (`head`). A part that comes more
often (`calls`) is a list of spans. So the record of all choices is a nested table, plain JSON:

    {"taste": {"norm": "batch", ...}, "trunk": {"stem": {"width": 16, ...}, "calls": [{...}, {...}]}, ...}

Replaying a record gives the program again. In a record that was edited, each choice is kept that is still
legal where it stands, and only what is missing is drawn: the rest of the program stays as it was. The idea is
Hypothesis's choice sequence (MacIver and Donaldson, ECOOP 2020), with names in place of positions.

This module does *not* know the grammar: which choices there are, and what they mean for a network.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import permutations
from typing import TypeVar

T = TypeVar("T")

Value = bool | int | str
"""A choice as it is recorded: a truth value, a number or a word."""

Record = dict[str, "Value | Record | list[Record]"]
"""The choices of a span by site, the spans inside it by name, and the lists of spans by name."""

Path = tuple[str | int, ...]
"""The way to an entry of a record: names of spans, each followed by a place where it is a list."""


class UnderivableError(ValueError):
    """A record lacks a choice, or holds one that is not legal where it stands, and none may be drawn."""


@dataclass(frozen=True)
class Choice:
    """One choice that was made.

    Attributes:
        path: Where its value stands in the record.
        value: What was chosen.
        options: All that could have been chosen here, in the grammar's order.
    """

    path: Path
    value: Value
    options: tuple[Value, ...]


@dataclass(frozen=True)
class Repetition:
    """A part that was repeated.

    Attributes:
        path: Where its list of spans stands in the record.
        count: How often it came.
        counts: How often it could have come here.
    """

    path: Path
    count: int
    counts: frozenset[int]


def pick(rng: random.Random, weights: Mapping[T, float]) -> T:
    """Return a key of `weights`, drawn in proportion to its weight."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def name_of(option: object) -> Value:
    """Return how an option is recorded: itself, a function's name, a tuple's first word or its numbers."""
    if isinstance(option, Value):
        return option
    if isinstance(option, tuple):
        return option[0] if isinstance(option[0], str) else " ".join(map(str, option))
    return str(option.__name__)  # type: ignore[attr-defined]


class Choices:
    """Makes the choices of one program: those of a record as far as they are legal, the others by chance.

    Attributes:
        record: All choices so far.
        made: The choices one by one, in their order.
        repetitions: The parts that were repeated, in their order.
    """

    def __init__(self, rng: random.Random | None, kept: Mapping[str, object] | None = None) -> None:
        """Replay `kept`; what it lacks is drawn from `rng`, or refused where that is None."""
        self.record: Record = {}
        self.made: list[Choice] = []
        self.repetitions: list[Repetition] = []
        self._rng, self._kept, self._here, self._path = rng, kept or {}, self.record, Path()

    def draw(self, site: str, options: Sequence[T], how: Callable[[random.Random], T]) -> T:
        """Return one of `options`, which `how` draws where none is kept.

        Raises:
            UnderivableError: None is kept, and none may be drawn.
        """
        names = {name_of(option): option for option in options}
        kept = self._kept.get(site)
        if isinstance(kept, Value) and kept in names:
            option = names[kept]
        elif self._rng is None:
            raise UnderivableError(f"{'/'.join(map(str, (*self._path, site)))}: {kept!r} is no choice")
        else:
            option = how(self._rng)
        self._enter(site, value := name_of(option))
        self.made.append(Choice((*self._path, site), value, tuple(names)))
        return option

    def pick(self, site: str, weights: Mapping[T, float]) -> T:
        """Return a key of `weights`, drawn in proportion to its weight."""
        options = [option for option, weight in weights.items() if weight > 0]
        return self.draw(site, options, lambda rng: pick(rng, weights))

    def choice(self, site: str, options: Sequence[T]) -> T:
        """Return one of `options`, in which those that shall come more often stand several times."""
        return self.draw(site, options, lambda rng: rng.choice(options))

    def chance(self, site: str, probability: float) -> bool:
        """Return True with `probability` in (0, 1)."""
        return self.draw(site, (False, True), lambda rng: rng.random() < probability)

    def sample(self, site: str, options: Sequence[int], count: int) -> tuple[int, ...]:
        """Return `count` different ones of `options`, in any order."""
        orders = list(permutations(options, count))
        return self.draw(site, orders, lambda rng: tuple(rng.sample(options, k=count)))

    def aside(self, how: Callable[[random.Random], T]) -> T | None:
        """Return a draw that steers a recorded choice, which no replay needs; None without chance."""
        return None if self._rng is None else how(self._rng)

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Make the choices inside this context in the span `name`."""
        span: Record = {}
        self._enter(name, span)
        with self._inside((name,), span, self._kept.get(name)):
            yield

    def repeat(self, name: str, counts: Sequence[int]) -> Iterator[int]:
        """Yield 0, 1, ... as often as the list `name` is long, each time inside the next of its spans.

        Args:
            name: The list's name.
            counts: How long it may be; those that shall come more often stand several times.

        Raises:
            UnderivableError: The kept list has none of these lengths, and none may be drawn.
        """
        kept = self._kept.get(name)
        items: list[object] = kept if isinstance(kept, list) else []
        if isinstance(kept, list) and len(kept) in counts:
            count = len(kept)
        elif self._rng is None:
            raise UnderivableError(f"{'/'.join(map(str, (*self._path, name)))}: {len(items)} is no length")
        else:
            count = self._rng.choice(counts)
        spans: list[Record] = [{} for _ in range(count)]
        self._enter(name, spans)
        self.repetitions.append(Repetition((*self._path, name), count, frozenset(counts)))
        for index, span in enumerate(spans):
            with self._inside((name, index), span, items[index] if index < len(items) else None):
                yield index

    def _enter(self, name: str, entry: Value | Record | list[Record]) -> None:
        if name in self._here:
            raise ValueError(f"{name} comes twice in the span {'/'.join(map(str, self._path))}")
        self._here[name] = entry

    @contextmanager
    def _inside(self, step: Path, span: Record, kept: object) -> Iterator[None]:
        outside = self._here, self._kept, self._path
        self._here, self._path = span, (*self._path, *step)
        self._kept = kept if isinstance(kept, dict) else {}
        yield
        self._here, self._kept, self._path = outside
