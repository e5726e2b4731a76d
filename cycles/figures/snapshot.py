"""A run at one moment, read from its ledger: what is judged of each cycle, the best so far, the time left.

Cheap enough to be taken every second beside a running loop: a look reads what was judged since the one
before, and no program but the best. This module does *not* show anything, and does
not compute the figures of a report.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from corpus.ledger.outcomes import Outcome
from corpus.ledger.reader import Ledger
from corpus.novelty.threshold import fixed_threshold
from corpus.records.evaluations import EvaluationStatus
from corpus.records.search.trials import Trial
from corpus.records.tasks.kinds import Metric
from corpus.records.trainings import CycleStage
from cycles.config.run import RunConfig
from cycles.figures.measure import metric_of
from cycles.figures.status import RunStatus, run_status
from cycles.run.run_directory import RunDirectory

BEST = 5
"""Programs that a snapshot names."""


@dataclass(frozen=True)
class CycleSummary:
    """What is judged of one cycle: counts, and no figure that takes long to compute.

    `strong` is None where the threshold of admission is relative; `best` is a score.
    """

    cycle: int
    judged: int
    valid: int
    admitted: int
    strong: int | None
    best: float | None
    statuses: Counter[str]


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    Attributes:
        state: How far it is.
        cycles: Its cycles so far, the current one included.
        best: Its most accurate candidates so far, best first.
        seconds_left: Estimate of the time to its end; None while nothing is known to estimate it from.
        metric: The metric that its scores stand for.
    """

    state: RunStatus
    cycles: list[CycleSummary]
    best: list[Trial]
    seconds_left: float | None
    metric: Metric

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.state.finished


@dataclass
class Watcher:
    """Takes snapshots of one run; what is judged is read once."""

    directory: RunDirectory
    config: RunConfig
    _outcomes: dict[int, list[Outcome]] = field(default_factory=dict)
    _summaries: dict[int, CycleSummary] = field(default_factory=dict)
    _seconds: dict[int, dict[str, float]] = field(default_factory=dict)
    _seen: int = 0
    _leading: list[Outcome] = field(default_factory=list)
    _best: list[Trial] = field(default_factory=list)
    _first_seen: tuple[float, int] | None = None
    _metric: Metric | None = None

    def look(self) -> Snapshot:
        """Return the run as it is now."""
        with Ledger.open(self.directory.ledger_file) as ledger:
            state = run_status(ledger, self.config)
            complete = ledger.completed_cycles()
            self._take_in(ledger, ledger.outcomes(after=self._seen))
            for cycle in complete:
                if cycle not in self._seconds:
                    self._seconds[cycle] = ledger.stage_seconds(cycle)
        current = [] if state.current is None or state.current in complete else [state.current]
        cycles = [
            self._summaries.get(cycle) or summary(cycle, [], self._threshold())
            for cycle in (*complete, *current)
        ]
        metric = self._metric or self._metric_of_task
        return Snapshot(state, cycles, self._best, self._seconds_left(state), metric)

    def _take_in(self, ledger: Ledger, fresh: Sequence[Outcome]) -> None:
        """Add what was judged since the last look."""
        if not fresh:
            return
        if self._metric is None:
            self._metric = metric_of(self.config, [ledger.trial(fresh[0].candidate_id)])
        self._seen = fresh[-1].seq
        for outcome in fresh:
            self._outcomes.setdefault(outcome.cycle, []).append(outcome)
        for cycle in {outcome.cycle for outcome in fresh}:
            self._summaries[cycle] = summary(cycle, self._outcomes[cycle], self._threshold())
        leading = _ranked([*self._leading, *fresh])
        if leading != self._leading:
            self._leading = leading
            self._best = [ledger.trial(outcome.candidate_id) for outcome in leading]

    @cached_property
    def _metric_of_task(self) -> Metric:
        """What is measured while nothing is judged yet; looked up once: it may lead to users' files."""
        return metric_of(self.config)

    def _threshold(self) -> float | None:
        """Return the fixed threshold of admission, None where it is relative or nothing is judged yet."""
        return None if self._metric is None else fixed_threshold(self.config.corpus, self._metric)

    def _seconds_left(self, state: RunStatus) -> float | None:
        """Estimate from complete cycles; without one, from the pace of judging since the first look."""
        if state.current is None or state.finished:
            return 0.0
        done = state.judged / self.config.candidates
        if self._seconds:
            count = len(self._seconds)
            mean = {s: sum(each.get(s, 0.0) for each in self._seconds.values()) / count for s in CycleStage}
            sampled = state.sampled / self.config.candidates
            current = (1 - done) * mean[CycleStage.JUDGE] + (1 - sampled) * mean[CycleStage.GENERATE]
            current += 0.0 if state.trained or state.sampled else mean[CycleStage.TRAIN]
            return current + (state.cycles - state.current - 1) * sum(mean.values())
        if self._first_seen is None:
            self._first_seen = time.monotonic(), state.judged
        start, judged = self._first_seen
        if state.judged <= judged:
            return None
        pace = (time.monotonic() - start) / (state.judged - judged)
        return pace * (self.config.candidates * (state.cycles - state.current) - state.judged)


def summary(cycle: int, outcomes: Sequence[Outcome], threshold: float | None) -> CycleSummary:
    """Return the counts of one cycle, without those above a threshold where there is none."""
    accuracies = [each.accuracy or 0.0 for each in outcomes if _valid(each)]
    return CycleSummary(
        cycle=cycle,
        judged=len(outcomes),
        valid=len(accuracies),
        admitted=sum(each.admitted for each in outcomes),
        strong=None if threshold is None else sum(accuracy >= threshold for accuracy in accuracies),
        best=max(accuracies, default=None),
        statuses=Counter(each.status for each in outcomes),
    )


def _valid(outcome: Outcome) -> bool:
    return outcome.status == EvaluationStatus.COMPLETE


def _ranked(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return sorted(filter(_valid, outcomes), key=lambda each: -(each.accuracy or 0.0))[:BEST]
