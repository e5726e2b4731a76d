"""Arms of a study against each other: paired differences over seeds, their intervals, a verdict in words.

Runs are paired where they have one seed, one protocol and equally many evaluations. The interval is the
percentile bootstrap over the pairs (Efron 1979; 10,000 resamples, always the same). Over a handful of pairs
it is somewhat too narrow; so Student's t interval stands beside it, and fewer than `FEWEST_PAIRS` pairs get
no verdict: by chance alone, four differences have one sign in one case of eight.

A verdict speaks of the figure that is named first in `QUANTITIES` and that both arms have; nothing here is
corrected for looking at several figures or at several arms. This module does *not* read ledgers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import inf

from corpus.records.base import Record
from corpus.records.tasks.kinds import Metric
from cycles.figures.measure import require_one_metric
from cycles.figures.statistics import bootstrap_interval, mean_interval
from cycles.figures.studies.searches import QUANTITIES, Quantity, SearchFigures

RESAMPLES = 10_000
FEWEST_PAIRS = 5
"""Pairs below which nothing is said of who is better."""


class Outcome(StrEnum):
    """What a pair of arms came to."""

    BETTER = "finds the better network"
    """The whole interval of the difference lies above zero."""
    WORSE = "loses"
    """It lies below."""
    NOT_SHOWN = "no difference shown"
    """It holds zero."""
    TOO_FEW = "too few seeds"
    """Nothing is said."""


class Difference(Record):
    """One figure of the first arm minus that of the second, over the pairs that have it.

    Attributes:
        key: The field of `SearchFigures`.
        pairs: Over how many pairs.
        value: Mean difference.
        low, high: Its 95% bootstrap interval.
        t_low, t_high: Student's t interval; None for one pair.
    """

    key: str
    pairs: int
    value: float
    low: float
    high: float
    t_low: float | None
    t_high: float | None


class PairedArms(Record):
    """Two arms compared.

    Attributes:
        first: The one that is spoken of.
        second: The other.
        seeds: Seeds that both have.
        differences: One for each figure that both have, the deciding one first.
        outcome: What it came to.
        sentence: The verdict in words.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    differences: tuple[Difference, ...]
    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class StudyFigures:
    """All that a study came to.

    Attributes:
        name: Its name.
        arms: The runs of each arm by seed, arms in their order.
        pairs: Every arm against every later one.
        remarks: What keeps runs from being compared, in sentences.
    """

    name: str
    arms: Mapping[str, Sequence[SearchFigures]]
    pairs: Sequence[PairedArms]
    remarks: Sequence[str]

    @property
    def metric(self) -> Metric:
        """The metric by which all its runs are judged."""
        return next((run.metric for runs in self.arms.values() for run in runs), Metric.ACCURACY)

    @property
    def by_chance(self) -> float:
        """How many of all 95% intervals are to be expected without zero in them where no arms differ."""
        intervals = sum(each.pairs > 1 for pair in self.pairs for each in pair.differences)
        return intervals / 20

    @property
    def quantities(self) -> list[Quantity]:
        """The figures that some run has."""
        runs = [run for arm in self.arms.values() for run in arm]
        return [each for each in QUANTITIES if any(each.of(run) is not None for run in runs)]


def compare_arms(
    name: str, arms: Mapping[str, Sequence[SearchFigures]], remarks: Sequence[str] = ()
) -> StudyFigures:
    """Return every arm against every later one.

    Raises:
        UsageError: The runs are judged by different metrics.
    """
    require_one_metric({run.run: run.metric for runs in arms.values() for run in runs})
    pairs, said = [], list(remarks)
    for first, second in combinations(arms, 2):
        rows = _paired(arms[first], arms[second])
        if rows:
            pairs.append(_compared(first, second, rows))
        else:
            said.append(
                f"{first} and {second} cannot be compared: no two runs share seed, protocol and number of "
                "evaluations."
            )
    return StudyFigures(name, arms, pairs, said)


def _paired(
    first: Sequence[SearchFigures], second: Sequence[SearchFigures]
) -> list[tuple[SearchFigures, SearchFigures]]:
    def key(run: SearchFigures) -> tuple[object, ...]:
        return run.seed, run.evaluations, run.protocols

    others = {key(run): run for run in second}
    return [(run, others[key(run)]) for run in first if key(run) in others]


def _compared(first: str, second: str, rows: Sequence[tuple[SearchFigures, SearchFigures]]) -> PairedArms:
    differences = [found for each in QUANTITIES if (found := _difference(each, rows)) is not None]
    deciding = differences[0]
    outcome = _outcome(deciding)
    return PairedArms(
        first=first,
        second=second,
        seeds=tuple(run.seed for run, _ in rows),
        differences=tuple(differences),
        outcome=outcome,
        sentence=_sentence(first, second, deciding, outcome, rows[0][0].metric),
    )


def _difference(quantity: Quantity, rows: Sequence[tuple[SearchFigures, SearchFigures]]) -> Difference | None:
    import numpy as np

    values = [
        ours - theirs
        for first, second in rows
        if (ours := quantity.of(first)) is not None and (theirs := quantity.of(second)) is not None
    ]
    if not values:
        return None
    low, high = bootstrap_interval(np.array(values), lambda drawn: drawn.mean(axis=1), resamples=RESAMPLES)
    student = mean_interval(values, bounds=(-inf, inf))
    several = len(values) > 1
    return Difference(
        key=quantity.key,
        pairs=len(values),
        value=student.value,
        low=low,
        high=high,
        t_low=student.low if several else None,
        t_high=student.high if several else None,
    )


def _outcome(deciding: Difference) -> Outcome:
    if deciding.pairs < FEWEST_PAIRS:
        return Outcome.TOO_FEW
    if deciding.low > 0:
        return Outcome.BETTER
    return Outcome.WORSE if deciding.high < 0 else Outcome.NOT_SHOWN


def _sentence(first: str, second: str, deciding: Difference, outcome: Outcome, metric: Metric) -> str:
    seeds = f"{deciding.pairs} seed{'s' if deciding.pairs > 1 else ''}"
    interval = f" [{deciding.low:.3f}, {deciding.high:.3f}]" if deciding.pairs > 1 else ""
    unit = "" if metric is Metric.ACCURACY else f" of {metric.score_words}"
    figure = f"{deciding.value:+.3f}{interval}{unit}, {seeds}"
    if deciding.key != "retested":
        figure += ", not re-tested"
    said = {
        Outcome.BETTER: f"{first} finds the better network than {second}",
        Outcome.WORSE: f"{first} loses to {second}",
        Outcome.NOT_SHOWN: f"no difference shown between {first} and {second}",
        Outcome.TOO_FEW: f"too few seeds to tell {first} from {second} ({FEWEST_PAIRS} are the fewest)",
    }
    return f"{said[outcome]}: {figure}"
