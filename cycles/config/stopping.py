"""When hopeless trainings end early. This module does *not* make the rule (`cycles.limits.stopping` does)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class StoppingConfig(BaseModel):
    """When hopeless trainings are ended early; the numbers are our choice (`scripts/measure_stopping.py`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    strong: float | None = Field(default=None, gt=0.0, le=1.0)
    """Which share of the trained programs is strong, such as 0.15: a training whose loss is worse than theirs
    all is ended early. None ends none."""
    places: tuple[Annotated[int, Field(ge=1, le=15)], ...] = Field(default=(5, 8, 12), min_length=1)
    """Where is looked, in sixteenths of a training."""
    least: int = Field(default=5, ge=1)
    """How many strong programs have to be known before anything is ended."""
