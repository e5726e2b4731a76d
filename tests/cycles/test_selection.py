"""Who teaches the generator: winners in the closed loop, as many random valid programs in the control."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.config import CorpusConfig
from corpus.ledger.writer import LedgerWriter
from cycles.config.teaching import Teachers
from cycles.run.selection import training_set
from tests.ledgers import new_corpus, program, write_cycle

CONFIG = CorpusConfig(min_accuracy=0.5)
NAMES = [
    "conv relu pool",
    "linear gelu drop",
    "norm tanh flat",
    "gru silu pad",
    "bilinear elu fold",
    "mish unfold crop",
]


@pytest.fixture
def ledger(tmp_path: Path) -> LedgerWriter:
    """Two cycles: 2 winners of 4 valid ones, then 1 of 3; one invalid program in each."""
    ledger = new_corpus(tmp_path)
    first = [(program(name), score) for name, score in zip(NAMES, [0.9, 0.1, None, 0.8, 0.2], strict=False)]
    write_cycle(ledger, 0, first, CONFIG)
    second = [
        (program(f"{name} {name}x"), score) for name, score in zip(NAMES, [None, 0.7, 0.3, 0.4], strict=False)
    ]
    write_cycle(ledger, 1, second, CONFIG)
    return ledger


def test_the_closed_loop_learns_from_the_winners_of_all_earlier_cycles(ledger: LedgerWriter) -> None:
    chosen = training_set(ledger, Teachers.WINNERS, [0, 1], seed=0)
    assert [row.id for row in chosen] == ["c000/0000", "c000/0003", "c001/0001"]


def test_the_random_valid_control_takes_as_many_of_each_cycle(ledger: LedgerWriter) -> None:
    for seed in range(20):
        chosen = training_set(ledger, Teachers.RANDOM_VALID, [0, 1], seed)
        assert [row.cycle for row in chosen] == [0, 0, 1]


def test_the_random_valid_control_draws_valid_programs_whatever_their_accuracy(ledger: LedgerWriter) -> None:
    drawn = {
        row.id for seed in range(50) for row in training_set(ledger, Teachers.RANDOM_VALID, [0, 1], seed)
    }
    assert drawn == {
        "c000/0000",
        "c000/0001",
        "c000/0003",
        "c000/0004",
        "c001/0001",
        "c001/0002",
        "c001/0003",
    }


def test_a_later_cycle_does_not_change_what_was_drawn_from_an_earlier_one(ledger: LedgerWriter) -> None:
    alone = training_set(ledger, Teachers.RANDOM_VALID, [0], seed=4)
    together = training_set(ledger, Teachers.RANDOM_VALID, [0, 1], seed=4)
    assert together[: len(alone)] == alone
