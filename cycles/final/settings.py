"""How the final waves go: how many networks, for how long, with how many seeds; and the protocols of both.

This module does *not* choose networks.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from corpus.records.base import derive_seed
from cycles.config.run import RunConfig
from evaluator.config import EvaluatorConfig


class FinalSettings(BaseModel):
    """What the user may say of the final waves."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    top: int = Field(default=8, ge=1)
    """Networks of the run that are trained in earnest, the best of the run first."""
    epochs: int = Field(default=20, ge=1)
    """Passes over the images, in both waves."""
    seeds: int = Field(default=3, ge=1)
    """Seeds that the first wave trains each network with; their mean decides, so that luck does not."""

    def first_wave(self, config: RunConfig) -> list[EvaluatorConfig]:
        """Return the protocols of the first wave, one for each seed; none has a seed that the search used."""
        return [self._in_earnest(config, "first", index) for index in range(self.seeds)]

    def second_wave(self, config: RunConfig) -> EvaluatorConfig:
        """Return the protocol of the second wave, with one more fresh seed."""
        return self._in_earnest(config, "second", 0)

    def _in_earnest(self, config: RunConfig, wave: str, index: int) -> EvaluatorConfig:
        """Return the run's own protocol with all epochs, a seed of its place, and time in proportion."""
        searched = config.evaluator
        longer = -(-self.epochs // searched.epochs)
        return searched.model_copy(
            update={
                "epochs": self.epochs,
                "seed": derive_seed(config.seed, "final", wave, index),
                "cpu_seconds": searched.cpu_seconds * longer,
                "wall_seconds": searched.wall_seconds * longer,
            }
        )
