"""A run as a search: its best network after every evaluation, and the figures that arms are compared by.

Every evaluation counts, failures too: the horizontal axis of a curve is what was spent. All is read from the
ledger; accuracies, or what stands for another metric, are of the validation split. This module does *not*
compare runs (`pairs` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf, log10
from pathlib import Path
from statistics import fmean
from typing import Literal

from corpus.ledger.reader import Ledger
from corpus.pareto import hypervolume
from corpus.records.base import Record, UnitInterval
from corpus.records.search.trials import Trial
from corpus.records.tasks.kinds import Metric
from cycles.config.arms import arm_of
from cycles.config.study import RetestConfig
from cycles.figures.coverage import coverage
from cycles.figures.cycle_report import cycle_report
from cycles.figures.status import ended_cycles
from cycles.figures.studies.retests import Retests
from cycles.run.run_directory import RunDirectory
from generator.ideas.pool import shipped

FEWEST_PARAMETERS = 100
"""The left end of the plane that hypervolumes are measured in."""


class SearchFigures(Record):
    """What one run came to as a search.

    What is called an accuracy is the score by `metric`, in [0, 1], of which more is better.

    Attributes:
        run: Its directory.
        arm: Its arm in the comparison.
        seed: Its seed; arms are paired by it.
        metric: The metric by which its programs were judged.
        evaluations: Candidates judged in its complete cycles, and in one that its budget cut short.
        protocols: Ids of the protocols that they were judged under.
        curve: Best validation accuracy after each evaluation, 0 before the first valid program.
        best: The last of the curve.
        best_id: The candidate that reached it first, None without a valid one.
        retested_id: The candidate that was trained anew.
        retests: Its accuracies on fresh seeds of the protocol, empty without re-tests.
        retested: Their mean.
        area: Mean of the curve: the area under it where both axes end at 1.
        hypervolume: Share dominated by the valid programs of the plane between accuracy 0 and 1 and, on a
            logarithmic scale, between the cap on parameters and `FEWEST_PARAMETERS`. The point of reference
            is accuracy 0 at the cap.
        valid: Share of valid candidates in the last cycle.
        mean_valid: Mean accuracy of the valid ones of the last cycle, None without any.
        family_entropy_bits: Entropy of the block families of the last cycle's valid programs.
        unique_skeletons: Share of distinct designs among the last cycle's valid programs.
        idea_evenness: How evenly the admitted programs, by what they name, lie over the categories of the
            shipped template of design ideas (`cycles.figures.coverage`); None where they show none of them.
    """

    run: str
    arm: str
    seed: int
    metric: Metric = Metric.ACCURACY
    evaluations: int
    protocols: tuple[str, ...]
    curve: tuple[float, ...]
    best: UnitInterval
    best_id: str | None
    retested_id: str | None
    retests: tuple[float, ...]
    retested: UnitInterval | None
    area: UnitInterval
    hypervolume: UnitInterval
    valid: UnitInterval
    mean_valid: UnitInterval | None
    family_entropy_bits: float
    unique_skeletons: UnitInterval | None
    idea_evenness: float | None = None


@dataclass(frozen=True)
class Quantity:
    """A figure by which arms are compared.

    Attributes:
        key: The field of `SearchFigures`.
        title: Its name in a table.
        places: Decimals that it is written with.
        most: The most that it can be; the least is 0.
        unit: What it is measured in: the metric itself, its score where that would turn round a meaning, or
            neither.
    """

    key: str
    title: str
    places: int = 3
    most: float = 1.0
    unit: Literal["metric", "score", "other"] = "other"

    def of(self, figures: SearchFigures) -> float | None:
        """Return its value of a run."""
        value: float | None = getattr(figures, self.key)
        return value

    def shown(self, figures: SearchFigures) -> float | None:
        """Return its value of a run as people read it: an error as the error."""
        value = self.of(figures)
        return figures.metric.of(value) if value is not None and self.unit == "metric" else value

    def heading(self, metric: Metric, *, scored: bool = False) -> str:
        """Return its name, with what it is measured in unless that is accuracy.

        Args:
            metric: The metric of the runs.
            scored: Whether scores are shown whatever its unit: of differences, more is better.
        """
        if self.unit == "other" or metric is Metric.ACCURACY:
            return self.title
        unit = metric.heading if self.unit == "metric" and not scored else metric.score_words
        return f"{self.title}: {unit}"


QUANTITIES = (
    Quantity("retested", "re-tested best", unit="metric"),
    Quantity("best", "best", unit="metric"),
    Quantity("area", "area under best-so-far", unit="score"),
    Quantity("hypervolume", "hypervolume", unit="score"),
    Quantity("valid", "valid, last cycle", 2),
    Quantity("mean_valid", "mean of valid, last cycle", unit="metric"),
    Quantity("family_entropy_bits", "family entropy (bits), last cycle", 2, inf),
    Quantity("unique_skeletons", "unique skeletons, last cycle", 2),
    Quantity("idea_evenness", "evenness over categories of ideas, admitted", 2),
)
"""All of them; more is better in each. The first that both arms of a pair have decides."""


def read_search(
    path: Path, plan: RetestConfig | None = None, *, arm: str | None = None, name: str | None = None
) -> SearchFigures | None:
    """Return the figures of the run at `path`, None before its first complete cycle, or one cut short.

    Args:
        path: The run's directory.
        plan: How it is re-tested; None: as often as its best network was.
        arm: What its arm is called; as its configuration says where not given.
        name: What the run is called; its path where not given.

    Raises:
        UsageError: There is no run.
        LedgerError: Its ledger cannot be read.
    """
    directory = RunDirectory.open(path)
    config = directory.config()
    with Ledger.open(directory.ledger_file) as ledger:
        cycles = ended_cycles(ledger, config)
        if not cycles:
            return None
        judged = [row for cycle in cycles for row in ledger.judged(cycle)]
        last = cycle_report(ledger, (ledger.completed_cycles() or cycles)[-1], config)
        retests = Retests.of(ledger, config)
    again = retests.outcome(plan) if plan else retests.largest()
    curve = best_so_far(judged)
    leader = next((row for row, best in zip(judged, curve, strict=True) if best == curve[-1]), None)
    return SearchFigures(
        run=name or str(path),
        arm=arm or arm_of(config).words,
        seed=config.seed,
        metric=last.metric,
        evaluations=len(judged),
        protocols=tuple(sorted({row.evaluation.protocol_id for row in judged})),
        curve=tuple(curve),
        best=curve[-1] if curve else 0.0,
        best_id=leader.candidate.id if leader is not None and curve[-1] else None,
        retested_id=again.candidate.id if again else None,
        retests=again.accuracies if again else (),
        retested=again.mean if again else None,
        area=fmean(curve) if curve else 0.0,
        hypervolume=dominated_share(judged, config.evaluator.max_parameters),
        valid=last.valid.value,
        mean_valid=last.mean_accuracy_valid.value if last.mean_accuracy_valid.count else None,
        family_entropy_bits=last.family_entropy_bits,
        unique_skeletons=last.unique_skeletons,
        idea_evenness=_idea_evenness(judged),
    )


def _idea_evenness(judged: Sequence[Trial]) -> float | None:
    """Return the evenness of the admitted; over the shipped template, so that arms without ideas compare."""
    found = coverage([(shipped(), [trial for trial in judged if trial.admission.admitted])])
    return found.seen.of_measure("admitted").categories if found and found.seen else None


def best_so_far(judged: Sequence[Trial]) -> list[float]:
    """Return the best accuracy of a valid program after each evaluation; one that failed adds a step."""
    scores = [(row.evaluation.accuracy or 0.0) if row.evaluation.valid else 0.0 for row in judged]
    return list(accumulate(scores, max))


def dominated_share(judged: Sequence[Trial], cap: int) -> float:
    """Return the hypervolume of the valid programs as `SearchFigures` has it, in [0, 1].

    Args:
        judged: The candidates.
        cap: Most parameters that a program may have; a valid one at the cap adds nothing.
    """
    span = log10(cap) - log10(FEWEST_PARAMETERS)
    if span <= 0:
        return 0.0
    points = [
        (row.evaluation.accuracy or 0.0, (log10(cap) - log10(max(size, FEWEST_PARAMETERS))) / span)
        for row in judged
        if row.evaluation.valid and (size := row.evaluation.parameters)
    ]
    return hypervolume(points, (0.0, 0.0))
