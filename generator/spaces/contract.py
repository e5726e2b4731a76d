"""The contract of search spaces: points that can be drawn, edited, named and written as programs.

A space knows which points there are and what they look like as a program. It does *not* know how good a
point is, remembers nothing, and draws from no chance but the one that it is given.
"""

from __future__ import annotations

import random
from typing import Protocol, TypeVar

Point = TypeVar("Point")


class Space(Protocol[Point]):
    """A set of points, each of which is a program of the LEMUR contract.

    Attributes:
        name: The space's name in a configuration: `cells`.
        author: What the ledger names as the writer of its programs, with their version: `cells-1`.
        textual: Whether points that differ have programs of clearly different text, so that lexical novelty
            can tell them apart. Where it is false, only the points' keys or the recorded networks can.
    """

    name: str
    author: str
    textual: bool

    def sample(self, rng: random.Random) -> Point:
        """Draw a legal point; equal states of `rng` give equal points."""
        ...

    def mutate(self, point: Point, rng: random.Random) -> tuple[Point, str]:
        """Return a legal point that differs from `point` by one edit, and the operator's name."""
        ...

    def legal(self, point: Point) -> bool:
        """Return whether `point` lies in the space."""
        ...

    def encode(self, point: Point) -> str:
        """Return a point as one line of text that a person, or a model, can read and write."""
        ...

    def decode(self, text: str) -> Point | None:
        """Return the legal point that `text` encodes, None where it encodes none; never raises."""
        ...

    def key(self, point: Point) -> str:
        """Return the identity of a point: equal keys, equal networks as far as the space can tell."""
        ...

    def render(self, point: Point) -> str:
        """Return the program of a legal point: a module of the LEMUR contract, deterministic."""
        ...

    def describe(self) -> str:
        """Return what a model must know to write a point: the encoding, the operators, in a few lines.

        It names no benchmark and no data set.
        """
        ...
