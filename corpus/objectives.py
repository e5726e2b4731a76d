"""What a search may aim at: objectives of an evaluation, caps, and the order of fitness by them.

    objectives = named_objectives("accuracy,parameters")
    fittest([trial.evaluation for trial in trials], objectives, Caps(parameters=100_000))

Only valid programs compete. Of those within the caps the order is NSGA-II's (`corpus.pareto`); whoever breaks
a cap comes after all of them, and whoever is not valid, or lacks a measurement, last (constrained domination,
Deb et al. 2002, section VI). `accuracy` is the score of a task's metric, of which more is better: that of an
error is 1 - error. Accuracies of several protocols do not compare: that the evaluations have one is
for the caller to see to. What a program's own process claims (parameters, FLOPs) is taken as it is. This
module does *not* measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corpus.pareto import fitness_order, ranks
from corpus.records.evaluations import Evaluation
from corpus.records.mistakes import Mistake, one_of


class UnknownObjectiveError(Mistake, ValueError):
    """No objective of that name, or one named twice."""


class Objective(NamedTuple):
    """One figure of an evaluation that more, or less, is better of.

    Attributes:
        name: The field of `Evaluation`.
        more: Whether more is better.
    """

    name: str
    more: bool

    def of(self, evaluation: Evaluation) -> float | None:
        """Return its value, None where it was not measured."""
        value: float | None = getattr(evaluation, self.name)
        return value


OBJECTIVES = {
    "accuracy": Objective("accuracy", more=True),
    "parameters": Objective("parameters", more=False),
    "flops": Objective("flops", more=False),
    "latency_seconds": Objective("latency_seconds", more=False),
    "cpu_seconds": Objective("cpu_seconds", more=False),
    "peak_memory_bytes": Objective("peak_memory_bytes", more=False),
}
"""All that an evaluation records; the last three are measurements, and so differ from time to time.
`latency_seconds` is measured where `evaluator.timed_images` says so."""


class Caps(NamedTuple):
    """The most that a program may have; None is no cap."""

    parameters: int | None = None
    flops: int | None = None

    def fit(self, evaluation: Evaluation) -> bool:
        """Return whether a program is within them; one that was not measured is not."""
        return _within(evaluation.parameters, self.parameters) and _within(evaluation.flops, self.flops)


def named_objectives(names: str) -> tuple[Objective, ...]:
    """Return the objectives of a list such as `accuracy,parameters`.

    Raises:
        UnknownObjectiveError: One is unknown, or named twice.
    """
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in OBJECTIVES:
            raise UnknownObjectiveError(f"There is no objective '{name[:40]}'.{one_of(name, OBJECTIVES)}")
    if len(set(wanted)) < len(wanted):
        raise UnknownObjectiveError(f"'{names[:80]}' names an objective twice. Name each once.")
    return tuple(OBJECTIVES[name] for name in wanted)


def front(evaluations: Sequence[Evaluation], objectives: Sequence[Objective], caps: Caps) -> list[int]:
    """Return the places of the valid programs within the caps that none of these dominates, in order."""
    competing = _competing(evaluations, objectives, caps)
    rank = ranks([_point(evaluations[place], objectives) for place in competing])
    return [place for place, its in zip(competing, rank, strict=True) if its == 0]


def fittest(evaluations: Sequence[Evaluation], objectives: Sequence[Objective], caps: Caps) -> list[int]:
    """Return the places of all evaluations, fittest first; of equally fit ones the earlier first."""
    competing = _competing(evaluations, objectives, caps)
    beyond = [place for place in _competing(evaluations, objectives, Caps()) if place not in set(competing)]
    order = []
    for places in (competing, beyond):
        ranked = fitness_order([_point(evaluations[place], objectives) for place in places])
        order += [places[place] for place in ranked]
    return [*order, *(place for place in range(len(evaluations)) if place not in set(order))]


def _competing(evaluations: Sequence[Evaluation], objectives: Sequence[Objective], caps: Caps) -> list[int]:
    return [
        place
        for place, evaluation in enumerate(evaluations)
        if evaluation.valid
        and caps.fit(evaluation)
        and all(each.of(evaluation) is not None for each in objectives)
    ]


def _point(evaluation: Evaluation, objectives: Sequence[Objective]) -> tuple[float, ...]:
    values = [(each, each.of(evaluation) or 0.0) for each in objectives]
    return tuple(value if each.more else -value for each, value in values)


def _within(value: int | None, cap: int | None) -> bool:
    return cap is None or (value is not None and value <= cap)
