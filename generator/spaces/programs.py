"""The programs of the grammar as a search space. (Drawn alone: edits are another matter.)"""

from __future__ import annotations

import random

from corpus.records.base import TaskShape, content_id
from generator.grammar import GRAMMAR_VERSION, sample_program


class ProgramSpace:
    """Draws programs of the grammar."""

    name, author, textual = "grammar", f"grammar-{GRAMMAR_VERSION}", True

    def __init__(self, shape: TaskShape, *, max_parameters: int = 500_000) -> None:
        self._shape, self._max = shape, max_parameters

    def sample(self, rng: random.Random) -> str:
        """Draw a program."""
        return sample_program(rng, self._shape, max_parameters=self._max).source

    def mutate(self, _point: str, rng: random.Random) -> tuple[str, str]:
        """Draw another program."""
        return self.sample(rng), "sample"

    def legal(self, _point: str) -> bool:
        """Return True."""
        return True

    def encode(self, point: str) -> str:
        """Return the text."""
        return point

    def decode(self, text: str) -> str | None:
        """Return the text."""
        return text

    def key(self, point: str) -> str:
        """Return the address of the text."""
        return content_id(point)

    def render(self, point: str) -> str:
        """Return the text."""
        return point

    def describe(self) -> str:
        """Return nothing."""
        return ""
