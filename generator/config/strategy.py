"""Settings of the search strategy. This module does *not* build one and imports nothing heavy."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

StrategyName = Literal["closed-loop", "random"]


class StrategyConfig(BaseModel):
    """The `[strategy]` table of a run's configuration: who searches."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: StrategyName = "closed-loop"
    """Who decides what is tried next: `closed-loop` asks the model for the same thing again and again, and
    all the learning is in its adapter; `random` draws programs of the grammar and asks no model."""

    @property
    def asks_model(self) -> bool:
        """Whether a language model writes the programs."""
        return self.name != "random"
