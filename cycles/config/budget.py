"""Settings of the budget: what ends a run before its last cycle. This module counts nothing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class BudgetConfig(BaseModel):
    """The `[budget]` table of a run's configuration: what a run may spend. By default nothing ends it early.

    The first that is used up ends the run after a judgement; what was written by then and is not judged stays
    so. It decides only where a run ends, never what it does until then, so it may be changed by
    `archloop resume --set budget.KEY=VALUE`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    attempts: int | None = Field(default=None, ge=1)
    """Candidates judged, failures included."""
    evaluations: int | None = Field(default=None, ge=1)
    """Candidates of which a training was begun; those that broke before cost next to nothing."""
    tokens: int | None = Field(default=None, ge=1)
    """Tokens that models generated: for the judged candidates, and in answer to a search's questions."""
    seconds: float | None = Field(default=None, gt=0.0)
    """Wall seconds of the stages, in all sessions of the run. Under this limit alone the end of a run depends
    on the machine."""
    accuracy: float | None = Field(default=None, gt=0.0, le=1.0)
    """A target: validation accuracy in (0, 1], or the score that stands for another metric, of which more is
    better; the first valid program that reaches it ends the run."""
    plateau: int | None = Field(default=None, ge=1)
    """Candidates judged in a row of which none was better than the best before them."""

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return bool(self.model_dump(exclude_none=True))
