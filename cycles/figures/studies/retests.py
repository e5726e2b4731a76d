"""Which networks of a run are trained anew, on which seeds of the protocol, and what came of it.

Seeds are derived from the run's own, so that arms of a comparison, paired by seed, are re-tested alike; the
seed of the search is never among them. All of it is read from the ledger: a re-test is an evaluation of a
judged candidate under the run's protocol with another seed. This module does *not* train anything
(`cycles.studies.retesting` does), and knows no test split.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, NamedTuple

from corpus.ledger.reader import Ledger
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.search.trials import Trial
from corpus.records.tasks.kinds import Metric
from cycles.config.run import RunConfig
from cycles.config.study import MOST_SEEDS, RetestConfig
from cycles.figures.status import ended_cycles

_PROTOCOL = re.compile(r"(?P<rest>.+/e\d+/b\d+)/s(?P<seed>\d+)/p[0-9a-f]+")


class Retest(NamedTuple):
    """A training that is due: a candidate under a seed of the protocol."""

    candidate: Candidate
    seed: int


class Retested(NamedTuple):
    """What the re-tests of a run came to.

    Attributes:
        candidate: The network that was trained anew.
        accuracies: Validation accuracy, or another metric's score, under each fresh seed; a training that
            failed counts as 0.
        metric: What they stand for.
    """

    candidate: Candidate
    accuracies: tuple[float, ...]
    metric: Metric

    @property
    def mean(self) -> float:
        """The figure of the run."""
        return fmean(self.accuracies)


@dataclass(frozen=True)
class Retests:
    """What a ledger holds of re-tests, asked for what is due and for what came of them.

    Attributes:
        config: The run's configuration.
        best: Its valid programs of different texts, best first, of equal ones the earlier first.
        known: Accuracies by candidate and seed, of evaluations that differ from the search's in it alone.
    """

    config: RunConfig
    best: Sequence[Trial]
    known: Mapping[tuple[str, int], float]

    @classmethod
    def of(cls, ledger: Ledger, config: RunConfig) -> Retests:
        """Read a run's ledger."""
        judged = [row for cycle in ended_cycles(ledger, config) for row in ledger.judged(cycle)]
        best = _best(judged)
        return cls(config, best, _known(ledger, best[0]) if best else {})

    def due(self, plan: RetestConfig) -> list[Retest]:
        """Return the trainings that can be done now and are not in the ledger; none when all is done.

        Where several networks come into question, those that choose among them are due first.
        """
        wanted = self._choosing(plan)
        missing = [each for each in wanted if (each.candidate.id, each.seed) not in self.known]
        if missing or not self.best:
            return missing
        scoring = [Retest(self._winner(plan), seed) for seed in self._seeds("score", plan.seeds)]
        return [each for each in scoring if (each.candidate.id, each.seed) not in self.known]

    def outcome(self, plan: RetestConfig) -> Retested | None:
        """Return what the re-tests came to, None while one is missing or where no network is valid."""
        if not self.best or self.due(plan):
            return None
        winner = self._winner(plan)
        scores = tuple(self.known[winner.id, seed] for seed in self._seeds("score", plan.seeds))
        return Retested(winner, scores, self.best[0].evaluation.metric)

    def largest(self) -> Retested | None:
        """Return what the most re-tests of the best network came to, None without any."""
        plans = (RetestConfig(seeds=seeds) for seeds in range(MOST_SEEDS, 0, -1))
        return next((found for plan in plans if (found := self.outcome(plan)) is not None), None)

    def _choosing(self, plan: RetestConfig) -> list[Retest]:
        rows = self.best[: plan.top]
        seeds = self._seeds("choose", plan.seeds) if len(rows) > 1 else []
        return [Retest(row.candidate, seed) for seed in seeds for row in rows]

    def _winner(self, plan: RetestConfig) -> Candidate:
        scores: dict[str, list[float]] = {}
        for each in self._choosing(plan):
            scores.setdefault(each.candidate.id, []).append(self.known[each.candidate.id, each.seed])
        rows = self.best[: plan.top]
        return max((row.candidate for row in rows), key=lambda each: fmean(scores.get(each.id, [0.0])))

    def _seeds(self, purpose: Literal["choose", "score"], count: int) -> list[int]:
        drawn = (derive_seed(self.config.seed, "re-test", purpose, place) for place in range(count + 1))
        return [seed for seed in drawn if seed != self.config.evaluator.seed][:count]


def _best(judged: Sequence[Trial]) -> list[Trial]:
    distinct: dict[str | None, Trial] = {}
    for row in sorted(judged, key=lambda row: -(row.evaluation.accuracy or 0.0)):
        if row.evaluation.valid:
            distinct.setdefault(row.candidate.source, row)
    return list(distinct.values())


def _known(ledger: Ledger, judged: Trial) -> dict[tuple[str, int], float]:
    search = _PROTOCOL.fullmatch(judged.evaluation.protocol_id)
    if search is None:
        return {}
    known = {}
    for row in ledger.evaluations():
        other = _PROTOCOL.fullmatch(row.protocol_id)
        if other is not None and other["rest"] == search["rest"]:
            known[row.candidate_id, int(other["seed"])] = (row.accuracy or 0.0) if row.valid else 0.0
    return known
