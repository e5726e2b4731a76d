"""How well scores are predicted that the predictor has not seen: cross-validation by near-duplicate groups.

No group of near-duplicates (`corpus.novelty.groups`) is in the training part and in the test part of a fold,
so that a program is never predicted from its own twin. Every program is predicted once; Pearson's r, R2 and
Spearman's rho are of all predictions together. Intervals are bootstrap percentile intervals that draw whole
groups, since the programs of a group are not independent.

A score that needs no training ranks by itself: of it there is rho alone, over the programs that have it.
This module does *not* run programs or read ledgers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from corpus.records.base import Record
from cycles.figures.statistics import bootstrap_interval
from cycles.predicting.features import Features, Group
from cycles.predicting.model import LEAST_KNOWN, Learner, Predictor

FOLDS = 5
"""Parts of the cross-validation: the usual number."""

LEAST_PROGRAMS, LEAST_GROUPS = 50, 10
"""Fewer are refused: each test part should hold ten programs, and two groups. Our choice."""

_RESAMPLES = 500

Vector = Any
"""A NumPy array of float64, (N,)."""


class Measure(Record):
    """A statistic with its 95% interval.

    Attributes:
        value: The statistic; NaN, as JSON null, where it has none: of values that are all the same.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float


class Quality(Record):
    """How well one choice of features predicts.

    Attributes:
        groups: The groups of features.
        features: How many features these are.
        r: Pearson's correlation of prediction and score.
        r2: Share of the scores' variance that is explained, 1 - SSE / SST.
        spearman: Spearman's rank correlation.
    """

    groups: tuple[Group, ...]
    features: int
    r: Measure
    r2: Measure
    spearman: Measure


class OwnRank(Record):
    """How well a single number ranks programs, without any training.

    Attributes:
        name: The number, of which more is better.
        programs: How many programs have it.
        spearman: Spearman's rank correlation with the score, over these.
    """

    name: str
    programs: int
    spearman: Measure


class NextCycle(Record):
    """How well the cycles before rank the programs of one cycle of one run, as `generator.ranked_by` has it.

    Attributes:
        run: Number of the run among those that were named, from 0.
        cycle: The cycle.
        programs: How many it has.
        spearman: Spearman's rank correlation of prediction and score, over them.
        mean: Mean score of all of them.
        mean_of_quarter: Mean score of the quarter that was ranked highest.
    """

    run: int
    cycle: int
    programs: int
    spearman: float
    mean: float
    mean_of_quarter: float


def next_cycles(
    rows: Sequence[Features],
    scores: Sequence[float],
    places: Sequence[tuple[int, int]],
    groups: Sequence[Group],
    *,
    seed: int = 0,
    learner: Learner = "forest",
) -> list[NextCycle]:
    """Return for each cycle, but for those before which too little is known, how well it was foretold.

    Near-duplicates of a program may be among those before it, as they are in a run.

    Args:
        rows: The features of each program, of any groups.
        scores: The scores.
        places: The run and the cycle of each.
        groups: The groups of features to predict from.
        seed: Seeds the predictor.
        learner: Which predictor.
    """
    import numpy as np

    found, kept = [], [_of(row, groups) for row in rows]
    for run, cycle in sorted(set(places)):
        before = [at for at, (its_run, its) in enumerate(places) if its_run == run and its < cycle]
        here = [at for at, place in enumerate(places) if place == (run, cycle)]
        if len(before) < LEAST_KNOWN or len(here) < FOLDS:
            continue
        predictor = Predictor(seed, learner).fit([kept[at] for at in before], [scores[at] for at in before])
        said = np.asarray(predictor.predict([kept[at] for at in here]))
        truth = np.asarray([scores[at] for at in here])
        best = np.argsort(-said, kind="stable")[: max(1, round(len(here) / 4))]
        found.append(
            NextCycle(
                run=run,
                cycle=cycle,
                programs=len(here),
                spearman=spearman(truth, said),
                mean=float(truth.mean()),
                mean_of_quarter=float(truth[best].mean()),
            )
        )
    return found


def feature_choices(groups: Sequence[Group]) -> list[tuple[Group, ...]]:
    """Return the choices to compare: each group alone, code with graph, all but one, all."""
    pair = (Group.CODE, Group.GRAPH)
    choices = {tuple(each) for each in combinations(groups, 1)}
    choices |= {pair} if set(pair) <= set(groups) else set()
    choices |= {tuple(each) for each in combinations(groups, len(groups) - 1) if each}
    choices.add(tuple(groups))
    return sorted(choices, key=lambda choice: (len(choice), [groups.index(each) for each in choice]))


def quality(
    rows: Sequence[Features],
    scores: Sequence[float],
    twins: Sequence[int],
    groups: Sequence[Group],
    *,
    seed: int = 0,
    learner: Learner = "forest",
) -> Quality:
    """Return how well the features of some groups predict the scores of programs.

    Args:
        rows: The features of each program, of any groups.
        scores: The scores.
        twins: For each program the number of its group of near-duplicates.
        groups: The groups of features to predict from.
        seed: Seeds the folds and the predictor.
        learner: Which predictor.
    """
    kept = [_of(row, groups) for row in rows]
    predicted = out_of_fold(kept, scores, twins, seed=seed, learner=learner)
    return Quality(
        groups=tuple(groups),
        features=len({name for row in kept for name in row}),
        r=_measure(pearson, scores, predicted, twins),
        r2=_measure(explained, scores, predicted, twins),
        spearman=_measure(spearman, scores, predicted, twins),
    )


def out_of_fold(
    rows: Sequence[Features],
    scores: Sequence[float],
    twins: Sequence[int],
    *,
    seed: int = 0,
    learner: Learner = "forest",
) -> list[float]:
    """Return for each program what a predictor says that has seen no program of its group."""
    from sklearn.model_selection import GroupKFold

    predicted = [0.0] * len(rows)
    for seen, unseen in GroupKFold(FOLDS, shuffle=True, random_state=seed).split(rows, scores, twins):
        predictor = Predictor(seed, learner).fit(
            [rows[each] for each in seen], [scores[each] for each in seen]
        )
        for place, value in zip(unseen, predictor.predict([rows[each] for each in unseen]), strict=True):
            predicted[place] = value
    return predicted


def own_ranks(
    numbers: Mapping[str, Sequence[float | None]], scores: Sequence[float], twins: Sequence[int]
) -> list[OwnRank]:
    """Return how well each of some numbers ranks the programs that have it.

    A number that fewer than `LEAST_PROGRAMS` have is left out.

    Args:
        numbers: By name, for each program.
        scores: The scores.
        twins: For each program the number of its group of near-duplicates.
    """
    found = []
    for name, values in numbers.items():
        there = [place for place, value in enumerate(values) if value is not None and value == value]
        if len(there) >= LEAST_PROGRAMS:
            columns = ([each[place] for place in there] for each in (scores, values, twins))
            known, given, groups = columns
            ranked = _measure(spearman, known, given, groups)  # type: ignore[arg-type]
            found.append(OwnRank(name=name, programs=len(there), spearman=ranked))
    return found


def pearson(truth: Vector, said: Vector) -> float:
    """Return the correlation of two vectors, NaN where one of them is constant."""
    import numpy as np

    first, second = truth - truth.mean(), said - said.mean()
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / size if size > 0 else float("nan")


def spearman(truth: Vector, said: Vector) -> float:
    """Return the correlation of ranks; equal values share their mean rank."""
    from scipy.stats import rankdata

    return pearson(rankdata(truth), rankdata(said))


def explained(truth: Vector, said: Vector) -> float:
    """Return the share of the variance of `truth` that `said` explains; below 0 where the mean says more."""
    spread = truth - truth.mean()
    total = float(spread @ spread)
    return 1.0 - float((truth - said) @ (truth - said)) / total if total > 0 else float("nan")


def _measure(
    statistic: Callable[[Vector, Vector], float],
    scores: Iterable[float],
    predicted: Iterable[float],
    twins: Sequence[int],
) -> Measure:
    """Return a statistic of scores and predictions, with its interval over whole groups."""
    import numpy as np

    truth, said = np.asarray(list(scores), float), np.asarray(list(predicted), float)
    members = [np.flatnonzero(np.asarray(twins) == group) for group in sorted(set(twins))]

    def over(tables: Any) -> Any:
        drawn = (np.concatenate([members[group] for group in table]) for table in tables)
        return np.array([statistic(truth[each], said[each]) for each in drawn])

    low, high = bootstrap_interval(np.arange(len(members)), over, resamples=_RESAMPLES)
    return Measure(value=statistic(truth, said), low=low, high=high)


def _of(row: Features, groups: Sequence[Group]) -> Features:
    return {name: value for name, value in row.items() if name.partition("/")[0] in groups}
