"""When a training is ended early: its loss is worse than that of every strong program was at the same place.

This module does *not* make rules; `cycles.limits.stopping` does.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class StopRule(BaseModel):
    """How high the lowest loss so far may be at some places of a training.

    Attributes:
        worst: By the number of losses noted, of the 16 that a whole training notes, the highest that its
            lowest may be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    worst: Annotated[dict[Annotated[int, Field(ge=1, le=16)], float], Field(min_length=1)]

    def ends(self, losses: list[float]) -> bool:
        """Whether a training that has noted `losses` ends here."""
        worst = self.worst.get(len(losses))
        return worst is not None and min(losses) > worst
