"""A training that is ended early costs no more than its part, and moves nothing of the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from corpus.records.evaluations import EvaluationStatus, Stage
from evaluator.channel.stopping import StopRule
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from tests.evaluator_programs import LEARN, candidate, program

NEVER, ALWAYS = StopRule(worst={5: 100.0, 8: 100.0}), StopRule(worst={5: 0.0})
STUBBORN = program(
    learn="""\
    for inputs, labels in train_data:
        self.optimizer.zero_grad()
        try:
            loss = self.criteria(self(inputs), labels)
        except BaseException:
            continue
        loss.backward()
        self.optimizer.step()
    """
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxedEvaluator]:
    with SandboxedEvaluator(EvaluatorConfig(task="digits-clean", workers=1, lint=False)) as evaluator:
        yield evaluator


def test_a_training_under_a_rule_that_it_keeps_is_the_one_without(sandbox: SandboxedEvaluator) -> None:
    measured = {"wall_seconds", "cpu_seconds", "peak_memory_bytes"}
    (free,) = sandbox.evaluate([candidate(program())])
    (bound,) = sandbox.evaluate([candidate(program())], NEVER)
    assert free.status is EvaluationStatus.COMPLETE and len(free.losses) == 16
    assert free.model_dump(exclude=measured) == bound.model_dump(exclude=measured)


def test_a_hopeless_training_ends_at_its_place_with_its_losses_and_without_a_score(
    sandbox: SandboxedEvaluator,
) -> None:
    (free,) = sandbox.evaluate([candidate(program())])
    (ended,) = sandbox.evaluate([candidate(program())], ALWAYS)
    assert (ended.status, ended.stage, ended.accuracy) == (EvaluationStatus.STOPPED, Stage.LEARN, None)
    assert ended.losses == free.losses[:5]
    assert not ended.valid and ended.graph is not None and "5 of 16" in (ended.error or "")
    assert ended.protocol_id == free.protocol_id


def test_what_notes_no_loss_or_goes_on_regardless_is_judged_to_the_end(sandbox: SandboxedEvaluator) -> None:
    silent = program(
        learn=LEARN.replace(
            "self.criteria(self(inputs), labels)", "nn.functional.cross_entropy(self(inputs), labels)"
        )
    )
    for judged in sandbox.evaluate(map(candidate, (silent, STUBBORN), range(2)), ALWAYS):
        assert judged.status in (EvaluationStatus.COMPLETE, EvaluationStatus.BELOW_CHANCE)


@pytest.mark.parametrize("worst", [{}, {0: 1.0}, {17: 1.0}, {5: float("nan")}, {5: float("inf")}])
def test_a_rule_looks_somewhere_in_a_training_for_a_number(worst: dict[int, float]) -> None:
    with pytest.raises(ValidationError):
        StopRule(worst=worst)


def test_the_lowest_loss_so_far_decides_at_the_places_alone() -> None:
    rule = StopRule(worst={2: 1.0, 4: 0.5})
    assert not rule.ends([3.0]) and rule.ends([3.0, 2.0]) and not rule.ends([0.9, 2.0])
    assert not rule.ends([3.0, 2.0, 2.0]) and rule.ends([0.9, 2.0, 2.0, 2.0])
