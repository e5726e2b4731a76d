"""When hopeless trainings end early. This module does *not* make the rule (`cycles.limits.stopping` does)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class StoppingConfig(BaseModel):
    """When hopeless trainings are ended early; the numbers are our choice (`scripts/measure_stopping.py`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    strong: float | None = Field(default=None, gt=0.0, le=1.0)
    """Which share of the trained programs is strong, such as 0.25. None ends none early."""
    risk: float = Field(default=0.08, ge=0.0, lt=1.0)
    """A training is ended where of those that had a higher loss there, a share of at most this became strong.
    At 0 its loss is worse than that of every strong program."""
    places: tuple[Annotated[int, Field(ge=1, le=15)], ...] = Field(default=(3, 5, 8, 12), min_length=1)
    """Where is looked, in sixteenths of a training."""
    least: int = Field(default=5, ge=1)
    """How many strong programs have to be known before anything is ended."""

    @model_validator(mode="after")
    def _chance_alone_is_no_reason(self) -> StoppingConfig:
        if self.strong is not None and self.risk >= self.strong:
            raise ValueError(
                f"risk must be less than strong: of all trainings {self.strong} become strong, so that "
                f"at a risk of {self.risk} all would be ended"
            )
        return self
