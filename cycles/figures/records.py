"""The records of figures: shares and means with their intervals, and all that a cycle came to.

Every figure is computed from the ledger, never counted along the way. This module does *not* compute: it says
which figures there are.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import Field

from corpus.records.admissions import AdmissionReason
from corpus.records.base import Record, UnitInterval
from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.calls import AnswerPath
from corpus.records.search.proposals import DecidedBy
from corpus.records.tasks.kinds import Metric
from corpus.records.trainings import TrainingResult, Verdict


class Rate(Record):
    """A share `count / total` with its 95% Wilson score interval; 0 of 0 has the interval [0, 1]."""

    count: int = Field(ge=0)
    total: int = Field(ge=0)
    low: UnitInterval
    high: UnitInterval

    @property
    def value(self) -> float:
        """The share itself, 0.0 when nothing was counted."""
        return self.count / self.total if self.total else 0.0

    @property
    def words(self) -> str:
        """The share as people read it: `82 of 173, 47% [40%, 55%]`."""
        return f"{self.count} of {self.total}, {self.value:.0%} [{self.low:.0%}, {self.high:.0%}]"


class Mean(Record):
    """A mean over `count` values with a 95% confidence interval; all zero when nothing was counted."""

    count: int = Field(ge=0)
    value: float
    low: float
    high: float

    def shown_as(self, metric: Metric) -> Mean:
        """Return a mean of scores as a mean of the metric, which turns round where that is an error."""
        if not (metric.less_is_better and self.count):
            return self
        low, high = metric.interval(self.low, self.high)
        return Mean(count=self.count, value=metric.of(self.value), low=low, high=high)


class Interval(NamedTuple):
    """A difference with its 95% interval."""

    value: float
    low: float
    high: float


class CycleReport(Record):
    """What one cycle came to, every figure computed from the ledger.

    What is called an accuracy is the score by `metric`, in [0, 1], of which more is better.

    Attributes:
        cycle: The cycle.
        arm: The arm of a comparison that the run is, in words.
        metric: The metric by which its programs were judged.
        candidates: Programs sampled.
        statuses: How many evaluations ended in each status.
        reasons: How many admissions were decided for each reason.
        executable: Share of candidates that trained and predicted, whatever their accuracy.
        valid: Share of candidates with status COMPLETE.
        strong: Share of candidates whose accuracy is at least the admission threshold; None where that is
            relative, since then about as many reach it in every run.
        novel: Share of the valid candidates that were new to the corpus.
        admitted: Share of candidates admitted.
        unique: Share of candidates with a program whose text is unlike every other of the cycle.
        mean_accuracy_all: Mean accuracy over *all* candidates, invalid ones counted as 0.
        mean_accuracy_valid: Mean accuracy over the valid ones.
        best_accuracy: Best validation accuracy, None without a valid candidate.
        accuracy_quantiles: 10, 25, 50, 75, 90% quantiles over the valid ones, empty without any.
        median_jaccard: Median pairwise Jaccard similarity of the valid programs, None for fewer than two.
        unique_skeletons: Share of the valid programs' skeletons (numbers masked) that are distinct.
        families: How many valid programs use each block family.
        family_entropy_bits: Shannon entropy of `families`, in bits.
        mean_tokens: Mean length of the completions, in the model's tokens.
        operators: How many candidates came of each kind of step of the search; programs of earlier versions,
            which noted none, are left out.
        edit_failures: How many answers that should be edits failed as such, by name
            (`generator.edits.failures`).
        decided: How many decisions on the way to the candidates were made by the model, by rule, by chance.
        model_share: Share of those decisions that the model made.
        calls: How many questions of the search were answered on each path.
        training: The fine-tuning before this cycle, None where there was none.
        guard: What the guard found of its adapter, None where there was no guard.
        stage_seconds: Wall time of each stage.
    """

    cycle: int = Field(ge=0)
    arm: str
    metric: Metric = Metric.ACCURACY
    candidates: int = Field(ge=0)
    statuses: dict[EvaluationStatus, int]
    reasons: dict[AdmissionReason, int]
    executable: Rate
    valid: Rate
    strong: Rate | None
    novel: Rate
    admitted: Rate
    unique: Rate
    mean_accuracy_all: Mean
    mean_accuracy_valid: Mean
    best_accuracy: UnitInterval | None
    accuracy_quantiles: tuple[float, ...]
    median_jaccard: UnitInterval | None
    unique_skeletons: UnitInterval | None
    families: dict[str, int]
    family_entropy_bits: float
    mean_tokens: float
    operators: dict[str, int]
    edit_failures: dict[str, int] = Field(default_factory=dict)
    decided: dict[DecidedBy, int]
    model_share: Rate
    calls: dict[AnswerPath, int]
    training: TrainingResult | None
    guard: Verdict | None = Field(default=None, exclude_if=lambda found: found is None)
    stage_seconds: dict[str, float]
