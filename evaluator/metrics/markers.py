"""A marker for each kind of task: it is given answers and targets batch by batch, and says their score.

    accuracy                 share of inputs that got their class
    mean average precision   scikit-learn's `average_precision_score` of each label that holds anywhere in
                             the targets, averaged over those labels
    mean IoU                 intersection over union of each class that occurs in targets or answers, counted
                             over all positions of all batches, averaged over those classes
    relative L2              1 - the mean over the examples of |answer - target| / |target|, at least 0; to a
                             target that is 0 everywhere, 0 is the answer without an error and any other has
                             one of 1 (our choice)

How the batches are cut changes no score but by rounding. This module does *not* check answers: shapes, class
ids and whether numbers are finite are the caller's business.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.kinds import TaskKind


class Marker(Protocol):
    """Takes answers, and says what they are worth."""

    def mark(self, answers: NDArray[Any], targets: NDArray[Any]) -> None:
        """Take in the next answers, of class ids or of numbers in the targets' shape, and their targets."""

    @property
    def score(self) -> float:
        """The score of all answers so far, in [0, 1]; 0 where there was none."""


def marker(kind: TaskKind) -> Marker:
    """Return a fresh marker for tasks of `kind`."""
    markers: dict[TaskKind, type[Marker]] = {
        TaskKind.SINGLE_LABEL: _Accuracy,
        TaskKind.MULTI_LABEL: _MeanAveragePrecision,
        TaskKind.SEGMENTATION: _MeanIoU,
        TaskKind.REGRESSION: _RelativeL2,
    }
    return markers[kind]()


def score(kind: TaskKind, answers: NDArray[Any], targets: NDArray[Any]) -> float:
    """Return the score in [0, 1] of answers to a whole split.

    Args:
        kind: What was asked.
        answers: Class ids, integers `(N,)` or `(N, *positions)`, where classes are named; else numbers in the
            shape of `targets`: of labels, the larger the likelier; of regression, in the targets' unit.
        targets: `(N, *target_shape)`, as `evaluator.tasks.Examples` holds them.
    """
    whole = marker(kind)
    whole.mark(answers, targets)
    return whole.score


class _Accuracy:
    def __init__(self) -> None:
        self._correct = self._count = 0

    def mark(self, answers: NDArray[Any], targets: NDArray[Any]) -> None:
        self._correct += int((answers == targets).sum())
        self._count += len(targets)

    @property
    def score(self) -> float:
        return self._correct / max(1, self._count)


class _MeanAveragePrecision:
    """Keeps all answers: a label's precision is known only when all of them are there."""

    def __init__(self) -> None:
        self._answers: list[NDArray[Any]] = []
        self._targets: list[NDArray[Any]] = []

    def mark(self, answers: NDArray[Any], targets: NDArray[Any]) -> None:
        self._answers.append(answers)
        self._targets.append(targets)

    @property
    def score(self) -> float:
        from sklearn.metrics import average_precision_score

        if not self._targets:
            return 0.0
        answers, targets = np.concatenate(self._answers), np.concatenate(self._targets) > 0.5  # both (N, K)
        found = np.flatnonzero(targets.any(axis=0))
        each = [average_precision_score(targets[:, label], answers[:, label]) for label in found]
        return float(np.clip(np.mean(each), 0.0, 1.0)) if each else 0.0


class _MeanIoU:
    """Counts positions class by class: of the targets, of the answers, and of both at the same place."""

    def __init__(self) -> None:
        self._counts = np.zeros((3, 0), dtype=np.int64)  # (targets, answers, both; K)

    def mark(self, answers: NDArray[Any], targets: NDArray[Any]) -> None:
        named = targets, answers, targets[answers == targets]
        classes = 1 + max([self._counts.shape[1] - 1, *(int(each.max()) for each in named if each.size)])
        grown = np.stack([np.bincount(each.reshape(-1), minlength=classes) for each in named])  # (3, K)
        grown[:, : self._counts.shape[1]] += self._counts
        self._counts = grown

    @property
    def score(self) -> float:
        targets, answers, both = self._counts
        union = targets + answers - both
        occurs = union > 0
        return float((both[occurs] / union[occurs]).mean()) if occurs.any() else 0.0


class _RelativeL2:
    def __init__(self) -> None:
        self._error = 0.0
        self._count = 0

    def mark(self, answers: NDArray[Any], targets: NDArray[Any]) -> None:
        wanted = targets.reshape(len(targets), -1).astype(np.float64)  # (B, numbers of an example)
        error = np.linalg.norm(answers.reshape(wanted.shape).astype(np.float64) - wanted, axis=1)  # (B,)
        norm = np.linalg.norm(wanted, axis=1)  # (B,)
        relative = np.divide(error, norm, out=(error > 0).astype(np.float64), where=norm > 0)  # (B,)
        self._error += float(relative.sum())
        self._count += len(targets)

    @property
    def score(self) -> float:
        return float(np.clip(1.0 - self._error / self._count, 0.0, 1.0)) if self._count else 0.0
