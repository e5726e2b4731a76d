"""Exams of every kind without any process: parts of answers, what is refused, units, what must be beaten."""

from __future__ import annotations

import dataclasses
from math import prod
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from corpus.records.evaluations import EvaluationStatus
from corpus.records.tasks.kinds import Metric, TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.framing import FRAME_LIMIT, NONCE_BYTES
from evaluator.channel.layout import MOST_CLASSES, answer_bytes, answer_type
from evaluator.config import EvaluatorConfig
from evaluator.errors import TaskDataError
from evaluator.metrics import score
from evaluator.supervisor.demands import require_fit
from evaluator.supervisor.exam import Exam
from evaluator.supervisor.marking.answers import WrongAnswer, read_answers
from evaluator.supervisor.marking.units import TargetUnit
from evaluator.supervisor.verdict import bar, grade
from evaluator.tasks import Task
from tests.tasks_by_hand import shape_of, task_by_hand

KINDS = [(kind, signal) for kind in TaskKind for signal in (False, True)]
OTHERS = [(kind, signal) for kind, signal in KINDS if kind is not TaskKind.SINGLE_LABEL]


def exam_of(task: Task, batch_size: int = 24, unit: TargetUnit | None = None) -> Exam:
    return Exam(task.val, task.shape, batch_size=batch_size, topic="topic", unit=unit)


def asked_of(task: Task, question: bytes) -> NDArray[np.int64]:
    """Return which validation examples a question shows."""
    one = task.val.inputs[0].nbytes
    raw = question[NONCE_BYTES:]
    inputs = [each.tobytes() for each in task.val.inputs]
    return np.array([inputs.index(raw[start : start + one]) for start in range(0, len(raw), one)])


def parts_of(answer: bytes) -> list[bytes]:
    return [answer[start : start + FRAME_LIMIT] for start in range(0, len(answer), FRAME_LIMIT)]


def hear_all(exam: Exam, task: Task, answers: NDArray[Any]) -> float:
    """Answer every question of an exam with the rows of `answers` for its examples, in parts."""
    while exam.accuracy is None:
        question = exam.next_question()
        chosen = answers[asked_of(task, question)].astype(answer_type(task.shape.kind)).tobytes()
        whole = question[:NONCE_BYTES] + chosen
        said = [exam.hear(part) for part in parts_of(whole)]
        assert said == [False] * (len(said) - 1) + [True]
    return exam.accuracy


@pytest.mark.parametrize("batch_size", [1, 24, 64])
@pytest.mark.parametrize(("kind", "signal"), KINDS)
def test_an_exam_scores_its_answers_as_the_metric_does(kind: TaskKind, signal: bool, batch_size: int) -> None:
    task = task_by_hand(kind, signal=signal)
    shuffled = np.random.default_rng(0).permutation(task.val.targets[: len(task.val) // 2])
    answers = np.concatenate([shuffled, task.val.targets[len(shuffled) :]])
    expected = score(kind, answers, task.val.targets)
    assert 0.1 < expected < 1.0
    assert hear_all(exam_of(task, batch_size), task, answers) == pytest.approx(expected)


@pytest.mark.parametrize("signal", [False, True])
def test_answers_of_a_regression_are_turned_back_before_they_are_marked(signal: bool) -> None:
    task = task_by_hand(TaskKind.REGRESSION, signal=signal)
    unit = TargetUnit.of(task.train.targets, task.shape)
    assert unit is not None
    answers = unit.standardised(task.val.targets)
    assert hear_all(exam_of(task, unit=unit), task, answers) == pytest.approx(1.0, abs=1e-6)
    assert hear_all(exam_of(task, unit=unit), task, answers * 0) == pytest.approx(
        task.spec.baseline, abs=0.01
    )


@pytest.mark.parametrize(("kind", "signal"), OTHERS)
def test_every_question_has_an_order_that_its_targets_decide(kind: TaskKind, signal: bool) -> None:
    task = task_by_hand(kind, signal=signal)
    changed = task.val.targets.copy()
    changed.reshape(-1)[0] = 1 - changed.reshape(-1)[0]
    other = dataclasses.replace(task, val=dataclasses.replace(task.val, targets=changed))
    first, again, differs = (exam_of(each).next_question()[NONCE_BYTES:] for each in (task, task, other))
    assert first == again != differs


def question_of(kind: TaskKind) -> tuple[Exam, bytes, int]:
    """Return an exam, the nonce of its first question, and the bytes that an answer has without it."""
    task = task_by_hand(kind)
    exam = exam_of(task)
    return exam, exam.next_question()[:NONCE_BYTES], 24 * answer_bytes(task.shape)


OTHER_KINDS = [kind for kind in TaskKind if kind is not TaskKind.SINGLE_LABEL]


@pytest.mark.parametrize("kind", OTHER_KINDS)
@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (lambda nonce, size: parts_of(nonce + bytes(size + 1)), "bytes of"),
        (lambda nonce, size: parts_of(nonce + bytes(size - 1)), "bytes of"),
        (lambda nonce, size: [nonce + bytes(size - 100), bytes(100)], "bytes of"),
        (lambda nonce, size: [nonce, b""], "0 bytes of"),
        (lambda nonce, size: [b""], "answer no question"),
        (lambda nonce, size: [nonce[:7]], "answer no question"),
        (lambda nonce, size: parts_of(bytes(8) + bytes(size)), "answer no question"),
        (lambda nonce, size: 2 * parts_of(nonce + bytes(size)), "answer no question"),
    ],
    ids=[
        "a byte too many",
        "a byte too few",
        "short parts",
        "empty part",
        "nothing",
        "half a nonce",
        "nonce",
        "twice",
    ],
)
def test_what_answers_no_question_is_refused(kind: TaskKind, parts: Any, said: str) -> None:
    exam, nonce, size = question_of(kind)
    with pytest.raises(WrongAnswer, match=said):
        for part in parts(nonce, size):
            exam.hear(part)


def test_an_answer_before_any_question_is_refused() -> None:
    with pytest.raises(WrongAnswer, match="answer no question"):
        exam_of(task_by_hand(TaskKind.SEGMENTATION)).hear(bytes(8))


@pytest.mark.parametrize("kind", [TaskKind.MULTI_LABEL, TaskKind.REGRESSION])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_spoils_an_answer(kind: TaskKind, number: float) -> None:
    shape = shape_of(kind)
    answers = np.zeros((4, *shape.target_shape), dtype="<f4")
    assert read_answers(answers.tobytes(), 4, shape).shape == (4, *shape.target_shape)
    answers.reshape(-1)[-1] = number
    with pytest.raises(WrongAnswer, match="not all finite"):
        read_answers(answers.tobytes(), 4, shape)


@pytest.mark.parametrize(("kind", "most"), [(TaskKind.SINGLE_LABEL, 3), (TaskKind.SEGMENTATION, 2)])
def test_a_class_id_names_a_class_or_of_whole_images_none_of_them(kind: TaskKind, most: int) -> None:
    shape = shape_of(kind)
    answers = np.full((2, *shape.target_shape), most, dtype="<u2")
    assert int(read_answers(answers.tobytes(), 2, shape).max()) == most
    with pytest.raises(WrongAnswer, match=f"class id {most + 1} of 3 classes"):
        read_answers((answers + 1).astype("<u2").tobytes(), 2, shape)


def test_an_answer_has_as_many_bytes_as_its_question_demands() -> None:
    for kind, signal in KINDS:
        shape = shape_of(kind, signal=signal)
        width = 2 if kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION) else 4
        assert answer_bytes(shape) == width * prod(shape.target_shape)


def test_targets_are_standardised_channel_by_channel_and_come_back() -> None:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=(50, 3, 8)).astype(np.float32) * [[[1e-6], [1e6], [0.0]]] + [
        [[5.0], [-1e6], [4.2]]
    ]
    targets = targets.astype(np.float32)
    unit = TargetUnit.of(
        targets, TaskShape(channels=1, height=1, width=8, classes=3, kind="regression", signal=True)
    )
    assert unit is not None and unit.std[2] == 1.0
    found = unit.standardised(targets)
    assert found.dtype == np.float32 and abs(found[:, 2]).max() < 1e-12
    np.testing.assert_allclose(found[:, :2].mean((0, 2)), 0.0, atol=1e-3)
    np.testing.assert_allclose(found[:, :2].std((0, 2)), 1.0, atol=1e-3)
    deviations = np.array(unit.std)[None, :, None]
    np.testing.assert_allclose(unit.restored(found) / deviations, targets / deviations, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("kind", [kind for kind in TaskKind if kind is not TaskKind.REGRESSION])
def test_targets_of_other_kinds_have_no_unit(kind: TaskKind) -> None:
    task = task_by_hand(kind)
    assert TargetUnit.of(task.train.targets, task.shape) is None


def test_what_has_to_be_beaten_is_more_than_a_constant_answer_and_can_be_reached() -> None:
    config = EvaluatorConfig()
    spec = task_by_hand(TaskKind.REGRESSION).spec
    assert bar(config, dataclasses.replace(spec, baseline=0.2)) == pytest.approx(0.24)
    assert bar(config, dataclasses.replace(spec, baseline=0.9)) == pytest.approx(0.95)
    assert bar(config, dataclasses.replace(spec, baseline=0.0)) == 0.0
    assert bar(config, task_by_hand(TaskKind.SINGLE_LABEL).spec) == pytest.approx(1.2 / 3)


def test_a_score_below_it_is_told_in_the_words_of_the_metric() -> None:
    below = EvaluationStatus.BELOW_CHANCE
    assert grade(0.1, 0.12) == (below, "accuracy 0.100, more than 0.120 is wanted")
    assert grade(0.07, 0.2, Metric.RELATIVE_L2) == (below, "relative L2 0.930, less than 0.800 is wanted")
    assert grade(0.1, 0.2, Metric.MEAN_IOU) == (below, "mean IoU 0.100, more than 0.200 is wanted")
    assert grade(0.2, 0.1, Metric.MEAN_AVERAGE_PRECISION) == (EvaluationStatus.COMPLETE, None)


def test_more_classes_than_an_answer_can_name_are_refused() -> None:
    spec = task_by_hand(TaskKind.SEGMENTATION).spec
    for classes, fits in ((MOST_CLASSES, True), (MOST_CLASSES + 1, False)):
        many = dataclasses.replace(spec, shape=spec.shape.model_copy(update={"classes": classes}))
        if fits:
            require_fit(many, EvaluatorConfig())
        else:
            with pytest.raises(TaskDataError, match="65,536 classes, an answer can name 65,535"):
                require_fit(many, EvaluatorConfig())
