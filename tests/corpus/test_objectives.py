"""Objectives of evaluations: who competes, who comes first, what the caps and the names allow."""

from __future__ import annotations

import random

import pytest

from corpus.objectives import Caps, UnknownObjectiveError, fittest, front, named_objectives
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage


def evaluation(
    accuracy: float | None, parameters: int | None = 1000, flops: int | None = 10_000, *, valid: bool = True
) -> Evaluation:
    return Evaluation(
        candidate_id="c",
        protocol_id="digits-v1/e1/b16/s0/p0",
        status=EvaluationStatus.COMPLETE if valid else EvaluationStatus.BELOW_CHANCE,
        stage=Stage.DONE,
        accuracy=accuracy,
        parameters=parameters,
        flops=flops,
    )


BOTH = named_objectives("accuracy, parameters")


def test_the_front_is_that_of_its_definition_ties_included() -> None:
    rng = random.Random(0)
    rows = [evaluation(rng.randrange(8) / 8, 100 * rng.randrange(1, 9)) for _ in range(60)]

    def beaten(row: Evaluation) -> bool:
        return any(
            (other.accuracy or 0) >= (row.accuracy or 0)
            and (other.parameters or 0) <= (row.parameters or 0)
            and (other.accuracy, other.parameters) != (row.accuracy, row.parameters)
            for other in rows
        )

    assert front(rows, BOTH, Caps()) == [place for place, row in enumerate(rows) if not beaten(row)]


def test_only_valid_and_measured_programs_within_the_caps_are_on_the_front() -> None:
    rows = [
        evaluation(0.9, 5000),
        evaluation(0.5, 800),
        evaluation(0.99, 10, valid=False),
        evaluation(0.99, None),
    ]
    assert front(rows, BOTH, Caps()) == [0, 1]
    assert front(rows, BOTH, Caps(parameters=1000)) == [1]
    assert front(rows, BOTH, Caps(flops=100)) == []
    assert front([evaluation(0.9, flops=None)], named_objectives("accuracy,flops"), Caps()) == []


def test_the_fittest_are_within_the_caps_and_the_invalid_come_last() -> None:
    rows = [
        evaluation(None, None, valid=False),
        evaluation(0.99, 9000),
        evaluation(0.6, 900),
        evaluation(0.7, 900),
        evaluation(0.98, 9500),
    ]
    assert fittest(rows, BOTH, Caps(parameters=1000)) == [3, 2, 1, 4, 0]
    assert fittest(rows, named_objectives("accuracy"), Caps()) == [1, 4, 3, 2, 0]


@pytest.mark.parametrize(
    ("names", "said"),
    [("acuracy", "Did you mean 'accuracy'?"), ("flops,flops", "twice"), ("", "There is no")],
)
def test_an_objective_that_is_unknown_or_doubled_is_a_mistake(names: str, said: str) -> None:
    with pytest.raises(UnknownObjectiveError, match=said.replace("?", r"\?")):
        named_objectives(names)
