"""The second wave's sandbox on other kinds: weights leave, come back, are measured in the targets' unit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from corpus.records.evaluations import EvaluationStatus
from corpus.records.tasks.kinds import TaskKind
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.final.workshop import Training, Workshop
from evaluator.tasks import Task
from tests.evaluator_programs import candidate
from tests.tasks_by_hand import program_for_any_kind, task_by_hand

CONFIG = EvaluatorConfig(epochs=5, batch_size=16, predict_batch_size=20, lint=False, cpu_seconds=20)
CNN = candidate(program_for_any_kind("cnn"))
CONSTANT = candidate(
    program_for_any_kind("cnn").replace(
        "return self.head(self.body(x))", "return self.head(self.body(x)) * (1.0 if self.training else 0.0)"
    )
)


@pytest.fixture(
    scope="module",
    params=[(TaskKind.REGRESSION, True), (TaskKind.SEGMENTATION, False)],
    ids=["field", "masks"],
)
def opened(request: pytest.FixtureRequest) -> Iterator[tuple[Workshop, Task]]:
    kind, signal = request.param
    task = task_by_hand(kind, signal=signal)
    with Workshop(CONFIG, task) as workshop:
        yield workshop, task


def test_a_network_of_another_kind_is_taken_home(opened: tuple[Workshop, Task]) -> None:
    workshop, task = opened
    trained = workshop.train(CNN)
    assert isinstance(trained, Training), trained
    measured = workshop.test(CNN, trained.weights)
    assert measured.evaluation.status is EvaluationStatus.COMPLETE, measured
    assert (measured.evaluation.accuracy or 0.0) > 0.8 and measured.images == len(task.read_test())
    assert f"/{task.shape.kind.metric}/train+val/test/" in measured.evaluation.protocol_id
    rehearsal = workshop.rehearse(CNN, trained.weights)
    assert rehearsal.median_seconds > 0  # type: ignore[union-attr]
    converted = workshop.convert(CNN, trained.weights)
    assert converted.content is not None, converted.note
    assert (workshop.target_unit is None) == (task.shape.kind is TaskKind.SEGMENTATION)


def test_a_constant_network_of_another_kind_has_its_score_and_counts_for_nothing(
    opened: tuple[Workshop, Task],
) -> None:
    workshop, task = opened
    trained = workshop.train(CONSTANT)
    assert isinstance(trained, Training), trained
    found = workshop.test(CONSTANT, trained.weights).evaluation
    assert found.status is EvaluationStatus.BELOW_CHANCE and task.spec.baseline is not None
    assert found.accuracy == pytest.approx(task.spec.baseline, abs=0.1)
