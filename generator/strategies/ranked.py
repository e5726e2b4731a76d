"""The settings that strategies share which rank what was tried: by which objectives, beyond which caps.

This module does *not* rank (`corpus.objectives` does).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from corpus.objectives import Caps, named_objectives


class RankedSettings(BaseModel):
    """Part of a table `[strategy.settings]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    objective: str = "accuracy"
    """What better means: `accuracy`, or several such as `accuracy,parameters` (also `flops`,
    `latency_seconds`), of which the front counts first (NSGA-II)."""

    max_parameters: int | None = Field(default=None, ge=1)
    """Trainable parameters beyond which a network comes after all others; None for no such cap."""

    max_flops: int | None = Field(default=None, ge=1)
    """FLOPs of a forward pass of one image beyond which it does; None for no such cap."""

    @field_validator("objective")
    @classmethod
    def _known_objectives(cls, names: str) -> str:
        named_objectives(names)
        return names

    @property
    def caps(self) -> Caps:
        """The caps as one record."""
        return Caps(parameters=self.max_parameters, flops=self.max_flops)
