"""Scores of every kind against scikit-learn and plain loops, however the answers come in batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, average_precision_score, jaccard_score

from corpus.records.tasks.kinds import TaskKind
from evaluator.metrics import marker, score

Array = NDArray[Any]
SEEDS = range(8)


def answers_and_targets(kind: TaskKind, seed: int, count: int = 41) -> tuple[Array, Array]:
    """Return answers that are often right, with ties, rare classes and targets of very different sizes."""
    rng = np.random.default_rng([seed, list(TaskKind).index(kind)])
    if kind is TaskKind.SINGLE_LABEL:
        targets = rng.integers(0, 5, count)
        return np.where(rng.random(count) < 0.5, targets, rng.integers(0, 6, count)).astype("<u2"), targets
    if kind is TaskKind.MULTI_LABEL:
        labels = (rng.random((count, 6)) < [0.02, 0.1, 0.3, 0.5, 0.9, 1.0]).astype(np.float32)
        return np.round(labels + rng.normal(size=labels.shape), 1).astype("<f4"), labels
    if kind is TaskKind.SEGMENTATION:
        masks = rng.choice(7, size=(count, 5, 4), p=[0.5, 0.3, 0.1, 0.09, 0.01, 0, 0])
        return np.where(rng.random(masks.shape) < 0.6, masks, rng.integers(0, 6, masks.shape)).astype(
            "<u2"
        ), masks
    numbers = (rng.normal(size=(count, 2, 9)) * 10.0 ** rng.integers(-6, 6, (count, 1, 1))).astype(np.float32)
    return numbers * rng.uniform(0.7, 1.3, numbers.shape), numbers


def by_hand(kind: TaskKind, answers: Array, targets: Array) -> float:
    if kind is TaskKind.SINGLE_LABEL:
        return float(accuracy_score(targets, answers))
    if kind is TaskKind.MULTI_LABEL:
        labels = [label for label in range(targets.shape[1]) if 1 in targets[:, label]]
        return float(
            np.mean([average_precision_score(targets[:, each], answers[:, each]) for each in labels])
        )
    if kind is TaskKind.SEGMENTATION:
        return float(jaccard_score(targets.reshape(-1), answers.reshape(-1), average="macro"))
    errors = []
    for answer, target in zip(answers, targets, strict=True):
        squares = sum((float(a) - float(t)) ** 2 for a, t in zip(answer.flat, target.flat, strict=True))
        errors.append((squares / sum(float(t) ** 2 for t in target.flat)) ** 0.5)
    return 1.0 - sum(errors) / len(errors)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", TaskKind)
def test_a_score_is_what_others_compute(kind: TaskKind, seed: int) -> None:
    answers, targets = answers_and_targets(kind, seed)
    found = score(kind, answers, targets)
    assert found == pytest.approx(by_hand(kind, answers, targets), rel=1e-12)
    assert 0.0 < found < 1.0


@pytest.mark.parametrize("size", [1, 7, 40])
@pytest.mark.parametrize("kind", TaskKind)
def test_batches_change_no_score(kind: TaskKind, size: int) -> None:
    answers, targets = answers_and_targets(kind, seed=3)
    parts = marker(kind)
    for start in range(0, len(targets), size):
        parts.mark(answers[start : start + size], targets[start : start + size])
    assert parts.score == pytest.approx(score(kind, answers, targets), rel=1e-12)


@pytest.mark.parametrize("kind", TaskKind)
def test_the_order_of_the_examples_changes_no_score(kind: TaskKind) -> None:
    answers, targets = answers_and_targets(kind, seed=5)
    order = np.random.default_rng(0).permutation(len(targets))
    assert score(kind, answers[order], targets[order]) == pytest.approx(
        score(kind, answers, targets), rel=1e-12
    )


@pytest.mark.parametrize("kind", TaskKind)
def test_the_right_answers_have_a_score_of_1_and_none_has_0(kind: TaskKind) -> None:
    _, targets = answers_and_targets(kind, seed=1)
    assert score(kind, targets, targets) == pytest.approx(1.0)
    assert marker(kind).score == 0.0


def test_a_label_that_never_holds_is_left_out() -> None:
    targets = np.array([[1, 0], [0, 0], [1, 0]], dtype=np.float32)
    answers = np.array([[3, 9], [2, 9], [1, 9]], dtype=np.float32)
    assert score(TaskKind.MULTI_LABEL, answers, targets) == pytest.approx((1 + 2 / 3) / 2)
    assert score(TaskKind.MULTI_LABEL, answers, np.zeros_like(targets)) == 0.0


def test_the_same_score_for_all_has_the_share_of_the_label() -> None:
    targets = np.array([[1, 1], [0, 1], [0, 1], [0, 0]], dtype=np.float32)
    assert score(TaskKind.MULTI_LABEL, np.zeros((4, 2), np.float32), targets) == pytest.approx(
        (0.25 + 0.75) / 2
    )


def test_a_class_that_is_only_answered_counts_and_one_that_is_nowhere_does_not() -> None:
    targets = np.array([[0, 0, 4, 4]])
    answers = np.array([[0, 0, 4, 2]])
    assert score(TaskKind.SEGMENTATION, answers, targets) == pytest.approx((1 + 1 / 2 + 0) / 3)


def test_classes_that_come_late_are_counted_from_then_on() -> None:
    late = marker(TaskKind.SEGMENTATION)
    late.mark(np.array([[0, 1]]), np.array([[0, 1]]))
    late.mark(np.array([[900, 0]]), np.array([[0, 0]]))
    assert late.score == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_an_error_is_relative_to_each_example_and_no_score_is_below_0() -> None:
    targets = np.array([[[1.0, 0.0]], [[1e-9, 0.0]]], dtype=np.float32)
    assert score(TaskKind.REGRESSION, targets * 0.5, targets) == pytest.approx(0.5)
    assert score(TaskKind.REGRESSION, targets * 0, targets) == 0.0
    assert score(TaskKind.REGRESSION, np.full_like(targets, 3.4e38), targets) == 0.0


def test_to_a_target_of_0_only_0_is_right() -> None:
    targets = np.zeros((2, 1, 3), dtype=np.float32)
    answers = targets.copy()
    answers[1, 0, 0] = 1e-6
    assert score(TaskKind.REGRESSION, answers, targets) == pytest.approx(0.5)
