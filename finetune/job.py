"""What a trainer is asked to do, and the contract of whoever does it.

`finetune.trainer` keeps it in this process, `finetune.process_trainer` in one of its own. This module does
*not* train, and imports no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from corpus.records.trainings import TrainingExample, TrainingResult

StepCallback = Callable[[int, int, float], None]
"""Called after each optimiser step with its number (from 1), the number of steps, its mean loss."""


@dataclass(frozen=True)
class TrainingJob:
    """One fine-tuning; the model and the settings of training are the trainer's.

    Attributes:
        examples: Rows to learn, winners and replayed rows together.
        output_dir: Directory to make for the adapter; must not exist, or be empty.
        seed: Seeds the adapter's initial weights, the order of the rows and dropout, in [0, 2**31).
        rejected: Answers to be led away from: none under the loss `sft`, any number under `kto`; under
            `dpo` one for each of `examples`, in their order and to the same prompt.
        previous: The last cycle's adapter; used only where `finetune.start` is "previous".
        on_step: Hears of progress; what it raises ends the training.
    """

    examples: Sequence[TrainingExample]
    output_dir: Path
    seed: int
    rejected: Sequence[TrainingExample] = ()
    previous: Path | None = None
    on_step: StepCallback | None = None


class Trainer(Protocol):
    """Turns training examples into an adapter."""

    def train(self, job: TrainingJob) -> TrainingResult:
        """Write the adapter to `job.output_dir`, whole or not at all, and return what was done."""
        ...
