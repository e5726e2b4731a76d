"""What a trainer is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from corpus.records.trainings import TrainingExample, TrainingResult

StepCallback = Callable[[int, int, float], None]
"""Called after each optimiser step with its number (from 1), the number of steps, its mean loss (nats)."""


class Trainer(Protocol):
    """Turns training examples into an adapter."""

    def train(
        self,
        examples: Sequence[TrainingExample],
        *,
        output_dir: Path,
        seed: int,
        previous: Path | None,
        on_step: StepCallback | None,
    ) -> TrainingResult:
        """Write the adapter to `output_dir`, whole or not at all."""
        ...
