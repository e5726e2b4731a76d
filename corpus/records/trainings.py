"""The records of a fine-tuning and its cycle: an example, what came of it, the stages, what the ledger knows.

This module does *not* choose examples or train.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from corpus.records.base import Record
from corpus.records.prompts import Message


class TrainingExample(Record):
    """One row of a fine-tuning, in TRL's conversational `prompt` / `completion` terms."""

    candidate_id: str
    prompt: tuple[Message, ...]
    completion: str


class TrainingResult(Record):
    """What one fine-tuning did.

    Attributes:
        adapter_hash: Content hash of the adapter's weights.
        examples: Rows trained on; of pairs, the chosen.
        rejected: Rows that the model was led away from, which only preference tuning has.
        truncated: Rows longer than the maximal length, cut.
        steps: Optimiser steps.
        trainable_parameters: Number of parameters that LoRA trains; never 0.
        first_loss: Mean loss over the first tenth of the steps, in supervised tuning that of a completion's
            token; None without steps.
        last_loss: The same over the last tenth.
        seconds: Wall time.
    """

    adapter_hash: str
    examples: int = Field(ge=1)
    rejected: int = Field(default=0, ge=0, exclude_if=lambda count: count == 0)
    truncated: int = Field(ge=0)
    steps: int = Field(ge=1)
    trainable_parameters: int = Field(ge=1)
    first_loss: float | None = None
    last_loss: float | None = None
    seconds: float = Field(ge=0.0)


class Verdict(Record):
    """What the guard found of the adapter that a cycle was to be written by.

    Attributes:
        programs: Programs that each adapter wrote.
        before: How many of those by the adapter before it, or the base model, build.
        after: How many of those by the new one do.
    """

    programs: int = Field(ge=1)
    before: int = Field(ge=0)
    after: int = Field(ge=0)

    @property
    def rolled_back(self) -> bool:
        """Whether the new adapter is not used: fewer than half as many build."""
        return 2 * self.after < self.before

    def __str__(self) -> str:
        found = (
            f"{self.after} of {self.programs} programs by the new adapter build, {self.before} by the earlier"
        )
        return f"{found}: rolled back, the earlier one writes on" if self.rolled_back else found


class CycleStage(StrEnum):
    """The stages of a cycle, in order; `corpus.records.evaluations.Stage` has those of a judgement."""

    TRAIN = "train"
    """The adapter learns from the programs admitted so far."""
    GENERATE = "generate"
    """The generator writes the cycle's candidates."""
    JUDGE = "judge"
    """The candidates are evaluated, and admitted or not."""


class CycleRow(Record):
    """What the ledger knows of one cycle as a whole.

    Attributes:
        cycle: The cycle.
        complete: Whether the cycle is marked as complete.
        completed_at: Time of that mark, ISO 8601 in UTC.
        training: The fine-tuning of the adapter that writes this cycle, None without one.
        training_ids: The candidates that it learned from, in order.
    """

    cycle: int = Field(ge=0)
    complete: bool
    completed_at: str | None = None
    training: TrainingResult | None = None
    training_ids: tuple[str, ...] = ()
