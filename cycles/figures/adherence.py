"""Whether a search followed its strategies: what candidates consist of against what they were to prefer.

Of each candidate of CoLLM-NAS the ledger holds the strategy that it was written for (its `idea`). Followed is
the share of its operations that the strategy prefers; uniform is the same share over points that are drawn
without a strategy. The difference is the adherence: 0 where the strategy might as well not have been there.
A strategy that prefers nothing, or everything, says nothing, and does not count.

Candidates of one strategy are no independent cases, so the interval is a bootstrap over strategies. This
module does *not* say whether following did any good.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from corpus.ledger.reader import Ledger
from corpus.records.base import Record
from corpus.records.candidates import Candidate
from corpus.records.search.proposals import DecidedBy
from cycles.figures.records import Interval
from cycles.figures.statistics import bootstrap_interval
from generator.spaces.operations import Operational
from generator.strategies.collm.direction import Direction, read_idea

UNIFORM_DRAWS = 1_000
"""Points that are drawn to learn what no strategy would give."""


class Adherence(Record):
    """How far candidates followed strategies.

    Attributes:
        strategy_by: Who made the strategies.
        candidate_by: Who wrote the candidates.
        strategies: How many strategies preferred something and had candidates.
        candidates: How many candidates those had.
        followed: Mean share of a candidate's operations that its strategy preferred.
        uniform: The same of points that are drawn uniformly.
        difference: Followed minus uniform, with its 95% interval.
    """

    strategy_by: DecidedBy
    candidate_by: DecidedBy
    strategies: int
    candidates: int
    followed: float
    uniform: float
    difference: Interval

    @property
    def sentence(self) -> str:
        """The figure in words, for a report."""
        figure = "{:+.2f} [{:+.2f}, {:+.2f}]".format(*self.difference)
        subject = f"candidates by {self.candidate_by}, strategies by {self.strategy_by}"
        said = (
            f"{subject}: {self.followed:.0%} of the operations were preferred ones, {self.uniform:.0%} "
            f"without a strategy; adherence {figure} over {self.strategies} strategies"
        )
        if self.difference.low > 0:
            return f"{said}: they followed."
        if self.difference.high < 0:
            return f"{said}: they did the opposite."
        return f"{said}: no steering shown."


class _Case(NamedTuple):
    """One candidate: which strategy of the run it belongs to, and both shares."""

    strategy: int
    followed: float
    uniform: float


def adherence(ledger: Ledger, space: Operational[Any]) -> list[Adherence]:
    """Return how far the candidates of a run followed their strategies, by who made either.

    Args:
        ledger: The run's.
        space: The space that it searched.
    """
    shares = _Uniform(space)
    cases: dict[tuple[DecidedBy, DecidedBy], list[_Case]] = defaultdict(list)
    for number, candidate, direction, point in _strategies(ledger.candidates(), space):
        by = next((each.by for each in candidate.decisions if each.what == "candidate"), DecidedBy.CHANCE)
        if direction.prefer and not set(space.vocabulary()) <= set(direction.prefer):
            followed = _share(space.operations(point), direction.prefer)
            cases[direction.by, by].append(_Case(number, followed, shares.of(direction.prefer)))
    return [_over(*by, found) for by, found in sorted(cases.items())]


def _strategies(
    candidates: Iterable[Candidate], space: Operational[Any]
) -> Iterator[tuple[int, Candidate, Direction, Any]]:
    """Yield each candidate that came of a strategy: the strategy's number, and the point."""
    number, last = -1, None
    for candidate in candidates:
        read = read_idea(candidate.idea or "")
        if read is None:
            continue
        direction, outcome = read
        if direction != last:
            number, last = number + 1, direction
        point = space.decode(outcome)
        if point is not None:
            yield number, candidate, direction, point


def _over(strategy_by: DecidedBy, candidate_by: DecidedBy, cases: Sequence[_Case]) -> Adherence:
    import numpy as np

    by_strategy: dict[int, list[_Case]] = defaultdict(list)
    for case in cases:
        by_strategy[case.strategy].append(case)
    rows = np.array(
        [
            (sum(case.followed for case in group), sum(case.uniform for case in group), len(group))
            for group in by_strategy.values()
        ]
    )  # (strategies, 3)
    followed, uniform = rows[:, :2].sum(axis=0) / rows[:, 2].sum()
    low, high = bootstrap_interval(
        rows, lambda drawn: (drawn[..., 0] - drawn[..., 1]).sum(axis=1) / drawn[..., 2].sum(axis=1)
    )
    return Adherence(
        strategy_by=strategy_by,
        candidate_by=candidate_by,
        strategies=len(rows),
        candidates=len(cases),
        followed=float(followed),
        uniform=float(uniform),
        difference=Interval(float(followed - uniform), low, high),
    )


class _Uniform:
    """The shares of operations among points that are drawn without a strategy."""

    def __init__(self, space: Operational[Any]) -> None:
        rng = random.Random(0)
        self._points = [space.operations(space.sample(rng)) for _ in range(UNIFORM_DRAWS)]
        self._known: dict[tuple[str, ...], float] = {}

    def of(self, preferred: tuple[str, ...]) -> float:
        """Return the mean share of `preferred` among a point's operations."""
        if preferred not in self._known:
            total = sum(_share(each, preferred) for each in self._points)
            self._known[preferred] = total / len(self._points)
        return self._known[preferred]


def _share(operations: Sequence[str], preferred: Sequence[str]) -> float:
    return sum(each in preferred for each in operations) / max(len(operations), 1)
