"""The rule by which trainings end early follows from strong programs of earlier cycles, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from cycles.config.run import load_config
from cycles.config.stopping import StoppingConfig
from cycles.errors import ConfigError
from cycles.limits.stopping import Stopping, rule_of
from evaluator.channel.stopping import StopRule
from tests.searches import Arena, Hashed

CONFIG = StoppingConfig(strong=0.2, least=2)


def judged(
    accuracy: float | None, *, start: float = 2.3, status: EvaluationStatus | None = None
) -> Evaluation:
    """A program whose loss falls from `start` in 16 even steps, to where its accuracy is."""
    end = start * (1.0 - (accuracy or 0.0))
    losses = tuple(start + (end - start) * step / 15 for step in range(16))
    return Evaluation(
        candidate_id="c000/0000",
        protocol_id="digits-v1/e1/b16/s0/p0",
        status=status or (EvaluationStatus.COMPLETE if accuracy else EvaluationStatus.SHAPE_ERROR),
        stage=Stage.DONE,
        accuracy=accuracy,
        losses=losses if accuracy else (),
    )


def test_no_strong_program_would_have_been_ended_by_its_own_rule() -> None:
    rng = random.Random(0)
    for _ in range(50):
        evaluations = [judged(rng.random(), start=rng.uniform(1.5, 3.0)) for _ in range(60)]
        rule = rule_of(evaluations, CONFIG)
        assert rule is not None
        best = sorted(evaluations, key=lambda each: -(each.accuracy or 0.0))[:12]
        assert not any(rule.ends(list(each.losses[:place])) for each in best for place in CONFIG.places)
        ended = [each for each in evaluations if any(rule.ends(list(each.losses[:p])) for p in CONFIG.places)]
        assert ended, "a rule that ends nothing is none"


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_strong_programs_make_no_rule(count: int) -> None:
    assert rule_of([judged(0.5)] * count, CONFIG) is None
    assert rule_of([judged(None)] * 100, CONFIG) is None


def test_what_was_ended_early_counts_as_weak_and_what_failed_counts_for_nothing() -> None:
    known = [judged(0.9), judged(0.8), *[judged(0.1)] * 8]
    ended = [judged(None, status=EvaluationStatus.STOPPED)] * 10
    alone, among = rule_of(known, CONFIG), rule_of([*known, *ended], StoppingConfig(strong=0.1, least=2))
    assert alone == among is not None
    assert rule_of([*known, *[judged(None)] * 50], CONFIG) == alone


def test_a_curve_that_was_not_noted_to_the_end_teaches_nothing() -> None:
    short = judged(0.95).model_copy(update={"losses": (9.0, 9.0)})
    assert rule_of(
        [short, *[judged(0.9)] * 4, *[judged(0.1)] * 15], StoppingConfig(strong=0.25, least=4)
    ) == rule_of([*[judged(0.9)] * 4, *[judged(0.1)] * 15], StoppingConfig(strong=0.2, least=4))


class Listening(Hashed):
    """Judges by the hash of the text, with a curve to it, and notes under which rule."""

    def __init__(self) -> None:
        self.rules: list[StopRule | None] = []

    def evaluate(
        self, candidates: Iterable[Candidate], stop: StopRule | None = None
    ) -> Generator[Evaluation, None, None]:
        self.rules.append(stop)  # type: ignore[arg-type]
        for judgement in super().evaluate(candidates):
            losses = judged(judgement.accuracy or 0.01).losses
            yield judgement.model_copy(update={"losses": losses if judgement.accuracy else ()})


def test_the_rule_of_a_cycle_follows_from_those_before_it_however_often_a_run_is_opened(
    tmp_path: Path,
) -> None:
    settings = [
        "strategy.name=random",
        "teaching.by=nobody",
        "cycles=3",
        "candidates=40",
        "stopping.strong=0.2",
    ]
    config = load_config("smoke", [*settings, "stopping.least=2"])
    heard = Listening()
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        Arena(ledger, config, evaluator=lambda: heard).run()
        rules = [Stopping(ledger, config.stopping).rule(cycle) for cycle in range(3)]
    assert heard.rules == rules and rules[0] is None
    assert rules[1] is not None and rules[2] is not None and rules[1] != rules[2]


def test_a_table_ends_nothing_early() -> None:
    with pytest.raises(ConfigError, match="leave stopping out"):
        load_config("cpu-tiny", ["stopping.strong=0.2", "evaluator.table=cells-3-digits"])
