"""Random search: every program is drawn from the grammar, and nothing is learnt. The control of every search.

It asks no model. This module does *not* remember what it proposed: novelty is for the gate to decide.
"""

from __future__ import annotations

import random

from corpus.records.base import TaskShape, derive_seed
from generator.grammar import GRAMMAR_VERSION, sample_program
from generator.strategies.contract import AdmittedPrograms, Draft


class RandomSearch:
    """Draws programs of the grammar, each with a seed of its own."""

    name = "random"

    def __init__(self, shape: TaskShape, *, max_parameters: int, seed: int) -> None:
        """Draw programs for images of `shape` with at most `max_parameters` trainable parameters."""
        self._shape, self._max_parameters, self._seed = shape, max_parameters, seed

    def propose(self, _known: AdmittedPrograms | None, cycle: int, count: int) -> list[Draft]:
        """Return the programs of `cycle`, which depend on the run's seed and their places alone."""
        return [self._draft(derive_seed(self._seed, "prompt", cycle, index)) for index in range(count)]

    def _draft(self, seed: int) -> Draft:
        program = sample_program(random.Random(seed), self._shape, max_parameters=self._max_parameters)
        return Draft(source=program.source, author=f"grammar-{GRAMMAR_VERSION}", seed=seed)
