"""Who is told what a loop does. The loop speaks to an `Observer` and knows none of those who show it.


Observers only show; they decide nothing.
"""

from __future__ import annotations

from typing import Protocol

from corpus.records.admissions import Admission
from corpus.records.evaluations import Evaluation
from cycles.figures.records import CycleReport

SEARCH = "search"
"""The stage in which candidates are written and judged side by side, or in turn where a search hears of some
before it proposes the next."""


class Observer(Protocol):
    """Is told what the loop does, in the order in which it does it."""

    def stage_started(self, cycle: int, stage: str, total: int) -> None:
        """A stage of `total` steps begins, a `CycleStage` or `SEARCH`; a resumed one counts what is left."""
        ...

    def advanced(self, done: int = 1, detail: str = "") -> None:
        """`done` further steps of the current stage are finished."""
        ...

    def judged(self, evaluation: Evaluation, admission: Admission) -> None:
        """One candidate was judged; counts as one step."""
        ...

    def stage_finished(self) -> None:
        """The current stage is complete."""
        ...

    def cycle_finished(self, report: CycleReport) -> None:
        """A cycle is complete and stands in the ledger."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line happened."""
        ...
