"""The records of a fine-tuning: an example, what came of it, and what the ledger knows of its cycle.

This module does *not* choose examples or train.
"""

from __future__ import annotations

from pydantic import Field

from corpus.records.base import Record
from corpus.records.prompts import Message


class TrainingExample(Record):
    """One row of supervised fine-tuning, in TRL's conversational `prompt` / `completion` terms."""

    candidate_id: str
    prompt: tuple[Message, ...]
    completion: str


class TrainingResult(Record):
    """What one fine-tuning did.

    Attributes:
        adapter_hash: Content hash of the adapter's weights.
        examples: Rows trained on.
        truncated: Rows longer than the maximal length, cut.
        steps: Optimiser steps.
        trainable_parameters: Number of parameters that LoRA trains; never 0.
        first_loss: Mean completion loss over the first tenth of the steps, None without steps.
        last_loss: The same over the last tenth.
        seconds: Wall time.
    """

    adapter_hash: str
    examples: int = Field(ge=1)
    truncated: int = Field(ge=0)
    steps: int = Field(ge=1)
    trainable_parameters: int = Field(ge=1)
    first_loss: float | None = None
    last_loss: float | None = None
    seconds: float = Field(ge=0.0)


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
