"""A run at one moment, read from its ledger: what is judged of each cycle, the best so far, the time left.

Cheap enough to be taken every second beside a running loop. This module does *not* show anything, and does
not compute the figures of a report.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from corpus.ledger.reader import Ledger
from corpus.novelty.threshold import fixed_threshold
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
    """Takes snapshots of one run; complete cycles are read once."""

    directory: RunDirectory
    config: RunConfig
    _summaries: dict[int, CycleSummary] = field(default_factory=dict)
    _seconds: dict[int, dict[str, float]] = field(default_factory=dict)
    _best: list[Trial] = field(default_factory=list)
    _first_seen: tuple[float, int] | None = None
    _metric: Metric | None = None

    def look(self) -> Snapshot:
        """Return the run as it is now."""
        with Ledger.open(self.directory.ledger_file) as ledger:
            state = run_status(ledger, self.config)
            complete = ledger.completed_cycles()
            for cycle in complete:
                if cycle not in self._summaries:
                    rows = ledger.judged(cycle)
                    self._summaries[cycle] = summary(cycle, rows, self._threshold(rows))
                    self._seconds[cycle] = ledger.stage_seconds(cycle)
                    self._best = _ranked([*self._best, *rows])
            best, cycles = self._best, [self._summaries[cycle] for cycle in complete]
            if state.current is not None and state.current not in complete:
                rows = ledger.judged(state.current)
                cycles.append(summary(state.current, rows, self._threshold(rows)))
                best = _ranked([*best, *rows])
        metric = self._metric or self._metric_of_task
        return Snapshot(state, cycles, best, self._seconds_left(state), metric)

    @cached_property
    def _metric_of_task(self) -> Metric:
        """What is measured while nothing is judged yet; looked up once: it may lead to users' files."""
        return metric_of(self.config)

    def _threshold(self, rows: Sequence[Trial]) -> float | None:
        """Return the fixed threshold of admission, None where it is relative or nothing is judged yet."""
        if self._metric is None and rows:
            self._metric = metric_of(self.config, rows)
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


def summary(cycle: int, rows: Sequence[Trial], threshold: float | None) -> CycleSummary:
    """Return the counts of one cycle, without those above a threshold where there is none."""
    accuracies = [row.evaluation.accuracy or 0.0 for row in rows if row.evaluation.valid]
    return CycleSummary(
        cycle=cycle,
        judged=len(rows),
        valid=len(accuracies),
        admitted=sum(row.admission.admitted for row in rows),
        strong=None if threshold is None else sum(accuracy >= threshold for accuracy in accuracies),
        best=max(accuracies, default=None),
        statuses=Counter(row.evaluation.status.value for row in rows),
    )


def _ranked(rows: Sequence[Trial]) -> list[Trial]:
    valid = [row for row in rows if row.evaluation.valid]
    return sorted(valid, key=lambda row: -(row.evaluation.accuracy or 0.0))[:BEST]
