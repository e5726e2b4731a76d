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
        first_loss: Mean loss over the first tenth of the steps, per completion token but in preference tuning;
            None without steps.
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
