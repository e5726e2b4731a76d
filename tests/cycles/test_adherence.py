"""Adherence, from a ledger's rows: near zero where nobody steers, high where candidates follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate, Origin
from corpus.records.search.proposals import DecidedBy, Decision
from cycles.config.run import load_config
from cycles.figures.adherence import adherence
from cycles.parts import space_of
from generator.deciders.chance import ChanceDecider
from generator.strategies.collm.direction import Direction
from tests.informed import Informed
from tests.searches import Arena

SETTINGS = [
    "cycles=1", "candidates=60", "corpus.seed_programs=0", "corpus.novelty=key", "teaching.by=nobody",
    "strategy.name=collm", "strategy.space=cells",
]  # fmt: skip
CONFIG = load_config("cpu-tiny", SETTINGS)
SPACE: Any = space_of(CONFIG)


def written(index: int, encoding: str, prefer: tuple[str, ...]) -> Candidate:
    direction = Direction(prefer, by=DecidedBy.MODEL)
    return Candidate(
        id=f"c000/{index:04d}", origin=Origin.SAMPLED, source="x = 1\n", completion="x = 1\n", cycle=0,
        index=index, generator="cells-1", operator="generate", idea=direction.idea(encoding),
        decisions=(Decision(what="candidate", by=DecidedBy.MODEL),),
    )  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    with LedgerWriter.create(tmp_path / "ledger.db") as ledger:
        yield ledger


def test_candidates_that_hold_nothing_but_what_is_preferred_follow_wholly(ledger: LedgerWriter) -> None:
    encoding = SPACE.encode(("skip",) * 6)
    ledger.add_candidates([written(index, encoding, ("skip",)) for index in range(4)])
    (found,) = adherence(ledger, SPACE)
    assert found.followed == 1.0
    assert found.uniform == pytest.approx(0.2, abs=0.02)  # one of five operators
    assert (found.strategy_by, found.candidate_by) == (DecidedBy.MODEL, DecidedBy.MODEL)
    assert found.sentence.endswith("they followed.")


def test_candidates_that_are_drawn_whatever_the_strategy_do_not_follow(ledger: LedgerWriter) -> None:
    import random

    rng, words = random.Random(0), SPACE.vocabulary()
    ledger.add_candidates(
        [
            written(index, SPACE.encode(SPACE.sample(rng)), (words[index // 10 % len(words)],))
            for index in range(200)
        ]
    )
    (found,) = adherence(ledger, SPACE)
    assert found.strategies == 20 and found.candidates == 200
    assert found.difference.low < 0 < found.difference.high
    assert "no steering shown" in found.sentence


def test_strategies_that_prefer_nothing_or_everything_do_not_count(ledger: LedgerWriter) -> None:
    encoding = SPACE.encode(("skip",) * 6)
    ledger.add_candidates([written(0, encoding, ()), written(1, encoding, SPACE.vocabulary())])
    assert adherence(ledger, SPACE) == []


@pytest.mark.parametrize("decider", [ChanceDecider, lambda: Informed(SPACE)])
def test_the_rule_and_a_good_model_steer(decider: Any, ledger: LedgerWriter) -> None:
    Arena(ledger, CONFIG, decider=decider).run()
    (found,) = adherence(ledger, SPACE)
    model = decider is not ChanceDecider
    assert found.strategy_by is (DecidedBy.MODEL if model else DecidedBy.RULE)
    assert found.difference.value > 0.1
