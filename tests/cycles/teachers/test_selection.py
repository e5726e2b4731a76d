"""From which cycles the teachers come, and that the control takes as many valid programs as the rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.config import CorpusConfig
from corpus.ledger.writer import LedgerWriter
from cycles.config.teaching import Choice, Pool, Teachers, TeachingConfig
from cycles.teachers.selection import training_set
from tests.ledgers import new_corpus, program, write_cycle

CONFIG = CorpusConfig(min_accuracy=0.5)
RANDOM = TeachingConfig(by=Teachers.RANDOM_VALID)
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
    chosen = training_set(ledger, TeachingConfig(), [0, 1], seed=0)
    assert [row.id for row in chosen] == ["c000/0000", "c000/0003", "c001/0001"]


def test_the_random_valid_control_takes_as_many_of_each_cycle(ledger: LedgerWriter) -> None:
    for seed in range(20):
        chosen = training_set(ledger, RANDOM, [0, 1], seed)
        assert [row.cycle for row in chosen] == [0, 0, 1]


def test_the_random_valid_control_draws_valid_programs_whatever_their_accuracy(ledger: LedgerWriter) -> None:
    drawn = {row.id for seed in range(50) for row in training_set(ledger, RANDOM, [0, 1], seed)}
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
    alone = training_set(ledger, RANDOM, [0], seed=4)
    together = training_set(ledger, RANDOM, [0, 1], seed=4)
    assert together[: len(alone)] == alone


def test_nobody_teaches_where_nobody_shall(ledger: LedgerWriter) -> None:
    assert training_set(ledger, TeachingConfig(by=Teachers.NOBODY), [0, 1], seed=0) == []


def test_who_was_chosen_of_its_cycle_teaches_for_ever(ledger: LedgerWriter) -> None:
    best_third = TeachingConfig(choose=Choice.SHARE, share=0.3)
    chosen = training_set(ledger, best_third, [0, 1], seed=0)
    assert [row.id for row in chosen] == ["c000/0000", "c000/0003", "c001/0001"]


def test_over_the_run_a_later_program_displaces_an_earlier_one(ledger: LedgerWriter) -> None:
    best_third = TeachingConfig(choose=Choice.SHARE, share=0.4, pool=Pool.RUN)
    assert [row.id for row in training_set(ledger, best_third, [0], 0)] == ["c000/0000", "c000/0003"]
    best = TeachingConfig(choose=Choice.SHARE, share=0.6, pool=Pool.RUN)
    assert [row.id for row in training_set(ledger, best, [0], 0)] == ["c000/0000", "c000/0003", "c000/0004"]
    assert [row.id for row in training_set(ledger, best, [0, 1], 0)] == [
        "c000/0000",
        "c000/0003",
        "c001/0001",
        "c001/0002",
        "c001/0003",
    ]


@pytest.mark.parametrize("pool", Pool)
@pytest.mark.parametrize("choose", Choice)
def test_the_control_takes_as_many_as_the_rule_in_force(
    ledger: LedgerWriter, choose: Choice, pool: Pool
) -> None:
    rule = TeachingConfig(choose=choose, pool=pool)
    control = rule.model_copy(update={"by": Teachers.RANDOM_VALID})
    assert len(training_set(ledger, control, [0, 1], 3)) == len(training_set(ledger, rule, [0, 1], 3)) > 0
