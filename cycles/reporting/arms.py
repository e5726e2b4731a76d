"""The runs of a report grouped by arm, and the colours that stand for arms, statuses and cycles on the page.

A colour means the same thing everywhere. This module does *not* hold the colours themselves: they are CSS
variables, one set for light and one for dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.trials import Trial
from corpus.records.tasks.kinds import Metric
from cycles.config.arms import in_order
from cycles.figures.records import CycleReport
from cycles.figures.runs import RunData

Item = TypeVar("Item")

OUTCOMES: dict[str, tuple[EvaluationStatus, ...]] = {
    "valid": (EvaluationStatus.COMPLETE,),
    "does not learn": (EvaluationStatus.BELOW_CHANCE, EvaluationStatus.NON_FINITE, EvaluationStatus.STOPPED),
    "shape error": (EvaluationStatus.SHAPE_ERROR,),
    "runtime error": (EvaluationStatus.RUNTIME_ERROR, EvaluationStatus.MISSING_DEPENDENCY),
    "over a limit": (EvaluationStatus.TIMEOUT, EvaluationStatus.OUT_OF_MEMORY, EvaluationStatus.OUTPUT_LIMIT),
    "crashed": (EvaluationStatus.CRASHED, EvaluationStatus.PROTOCOL_ERROR),
    "breaks contract": (
        EvaluationStatus.CONTRACT_ERROR,
        EvaluationStatus.FORBIDDEN,
        EvaluationStatus.REUSED_DATA,
    ),
    "no program": (EvaluationStatus.SYNTAX_ERROR, EvaluationStatus.NO_CODE),
}
"""What can become of a candidate, for people: the statuses in groups that need the same remedy."""

OUTCOME_OF = {status: name for name, statuses in OUTCOMES.items() for status in statuses}

RAMP_STEPS = 6

DRAWN_CYCLES = 100
"""The most cycles that a picture draws: more than that are finer than the picture."""


@dataclass(frozen=True)
class Arm:
    """The runs of one arm: the same settings under several seeds, if all is well.

    Attributes:
        name: In words.
        label: In one or two words, for the end of a line.
        css: Class that colours what belongs to it.
        runs: At least one.
    """

    name: str
    label: str
    css: str
    runs: list[RunData]

    @property
    def metric(self) -> Metric:
        """The metric by which its candidates are judged."""
        return self.runs[0].metric

    @property
    def cycles(self) -> list[int]:
        """Cycles that are complete in every run."""
        shared = set.intersection(*({report.cycle for report in run.reports} for run in self.runs))
        return sorted(shared)

    def reports(self, cycle: int) -> list[CycleReport]:
        """Return the figures of one cycle, one for each run that completed it."""
        return [report for run in self.runs for report in run.reports if report.cycle == cycle]

    def judged(self, cycle: int | None = None) -> list[Trial]:
        """Return the judged candidates of all runs, or those of one cycle."""
        if cycle is None:
            return [row for run in self.runs for row in run.judged]
        return [row for run in self.runs for row in run.by_cycle.get(cycle, ())]


def arms_of(runs: Sequence[RunData]) -> list[Arm]:
    """Return the arms among the runs, the closed loop first."""
    return [
        Arm(arm.words, arm.label, f"arm-{arm.key}", [run for run in runs if run.arm == arm])
        for arm in in_order({run.arm for run in runs})
    ]


def ramp(cycle: int, cycles: Sequence[int]) -> str:
    """Return the class of a cycle's colour: pale for the first cycle, full for the last."""
    last = max(cycles, default=0)
    return f"ramp-{round(RAMP_STEPS * cycle / last) if last else RAMP_STEPS}"


def thinned(cycles: Sequence[Item]) -> list[Item]:
    """Return what is drawn of something for each cycle: all, or evenly spaced ones with both ends."""
    if len(cycles) <= DRAWN_CYCLES:
        return list(cycles)
    last = DRAWN_CYCLES - 1
    return [cycles[round(place * (len(cycles) - 1) / last)] for place in range(DRAWN_CYCLES)]
