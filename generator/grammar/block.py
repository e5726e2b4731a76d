"""A helper block: its definition as text, and what a caller must know to call it.

That is which numbers it takes, how many channels it leaves and how many parameters it has. This module does
*not* know which blocks there are.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from generator.grammar.derivation import Choices, pick
from generator.grammar.layers import Bindings, Count, Step, resolve
from generator.grammar.vocabulary import WIDTHS


@dataclass(frozen=True)
class Block:
    """A helper block's definition.

    Attributes:
        name: Name of the class or function.
        family: The block family it belongs to.
        lines: Its source.
        arguments: Names of its constructor's arguments without the stride; the first is the number of inputs.
        draws: The site of each further argument, and what it is drawn from.
        out: Number of outputs, as an expression over `arguments`.
        count: Counts its parameters under a binding of `arguments`.
        strided: Whether it takes a stride as its last argument, which halves the size when it is 2.
    """

    name: str
    family: str
    lines: tuple[str, ...]
    arguments: tuple[str, ...]
    draws: tuple[tuple[str, Mapping[int, float]], ...]
    out: str
    count: Count
    strided: bool = False

    @property
    def keeps_width(self) -> bool:
        """Whether it leaves as many channels as it takes."""
        return self.out == self.arguments[0]

    def call(self, inputs: int, choices: Choices) -> tuple[str, int, int]:
        """Return a call for `inputs` channels without its closing bracket, its outputs and its parameters."""
        bindings = {self.arguments[0]: inputs}
        # Drawn for blocks without a width too: equal seeds must go on giving equal programs.
        suggested = choices.aside(lambda rng: _suggested_width(rng, inputs))
        takes_width = len(self.draws) == 1 and self.out == self.arguments[1]
        for index, (argument, (site, weights)) in enumerate(zip(self.arguments[1:], self.draws, strict=True)):
            widths = WIDTHS if takes_width and inputs in WIDTHS else {}
            how = partial(_draw_argument, weights, suggested if takes_width else None)
            name = f"{site} {index + 1}" if index else site
            bindings[argument] = choices.draw(name, sorted({*weights, *widths}), how)
        text = f"{self.name}({', '.join(map(str, bindings.values()))}"
        return text, resolve(self.out, bindings), self.count(bindings)


def draw_width(rng: random.Random, channels: int) -> int:
    """Draw the number of channels of the layer after one with `channels`: doubled, kept or free."""
    way = pick(rng, {"double": 3.5, "keep": 2, "free": 4.5})
    if way == "double" and channels * 2 in WIDTHS:
        return channels * 2
    if way == "keep" and channels in WIDTHS:
        return channels
    return pick(rng, WIDTHS)


def _suggested_width(rng: random.Random, inputs: int) -> int | None:
    """Draw a width that fits `inputs`, for a block that has a width to choose, or None to draw it freely."""
    return draw_width(rng, inputs) if rng.random() < 0.5 and inputs in WIDTHS else None


def _draw_argument(weights: Mapping[int, float], suggested: int | None, rng: random.Random) -> int:
    drawn = pick(rng, weights)
    return drawn if suggested is None else suggested


def total(steps: Sequence[Step]) -> Count:
    """Return the count of a whole chain."""

    def count(bindings: Bindings) -> int:
        return sum(step.count(bindings) for step in steps)

    return count
