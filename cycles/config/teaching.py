"""Settings of the teaching: whose programs the generator learns from. This module chooses no program."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Teachers(StrEnum):
    """Whose programs the generator is fine-tuned on."""

    WINNERS = "winners"
    """The admitted ones: valid, new and strong."""
    RANDOM_VALID = "random-valid"
    """As many valid ones as were admitted, drawn at random: a control that learns the format alone."""
    NOBODY = "nobody"
    """No fine-tuning: the base model writes every cycle, a control that learns nothing."""


class TeachingConfig(BaseModel):
    """The `[teaching]` table of a run's configuration: who teaches."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    by: Teachers = Teachers.WINNERS
    """Whose programs the generator is fine-tuned on: `winners`, or as controls `random-valid` or `nobody`."""
