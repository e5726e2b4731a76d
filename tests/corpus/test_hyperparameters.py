"""Which of the hyperparameters that somebody names may be given to a program."""

from __future__ import annotations

from typing import Any

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.records.search.hyperparameters import MOST, RANGES, fitting
from tests.ledgers import candidate, program, prompt


def given(values: Any) -> dict[str, float]:
    return {each.name: each.value for each in fitting(values)}


@pytest.mark.parametrize(
    "misfit",
    [
        *({"lr": value} for value in (0, -1, 2, float("nan"), float("inf"), "0.1", None, True, [0.1])),
        {"lr": 10**400},
        *({"batch": value} for value in (0, 3, 16.5, 100_000)),
        *({name: 0.5} for name in ("", "a b", "x" * 41, "lr\n", "__class__.x")),
        {"width": 1.5},
        {1: 0.5},
        None, [], "lr", 3, [["lr", 0.1]],
    ],
)  # fmt: skip
def test_what_does_not_fit_is_left_out(misfit: Any) -> None:
    assert given(misfit) == {}


def test_what_fits_is_there_under_the_usual_names_in_one_order() -> None:
    assert given({"width": 1, "learning_rate": 0.02, "batch_size": 32, "lr": 5}) == {
        "batch": 32.0, "lr": 0.02, "width": 1.0,
    }  # fmt: skip
    assert [each.name for each in fitting({"b": 0.1, "a": 0.2})] == ["a", "b"]


def test_the_ends_of_a_range_belong_to_it() -> None:
    for name, (low, high, _) in RANGES.items():
        assert given({name: low}) == {name: low} and given({name: high}) == {name: high}


def test_no_more_than_a_few_are_taken() -> None:
    assert len(fitting({f"x{number:03d}": 0.5 for number in range(100)})) == MOST


def test_they_are_kept_in_the_ledger(tmp_path: Any) -> None:
    own = fitting({"lr": 0.02, "batch": 32})
    row = candidate(0, 0, program("conv relu")).model_copy(update={"hyperparameters": own})
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        ledger.add_prompts(0, [prompt(0, 0)])
        ledger.add_candidates([row])
        assert ledger.candidates()[0].hyperparameters == own
