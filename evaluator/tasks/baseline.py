"""What the best constant answer is worth, which every network has to beat.

This module does *not* compute metrics: see `evaluator.metrics`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.kinds import TaskKind
from evaluator.metrics import score
from evaluator.tasks.task import Examples


def constant_score(kind: TaskKind, train: Examples, val: Examples) -> float | None:
    """Return the score on `val` of the best answer that is the same to every input and at every position.

    Labels that are all equal rank nothing: the score is their mean share of positives. In a segmentation the
    class is the most frequent one of the training split, in a regression the numbers are its means, one for
    each channel; 0 everywhere is no better, as it scores 0. None of single-label tasks, where guessing is
    beaten.
    """
    if kind is TaskKind.SINGLE_LABEL:
        return None
    return score(kind, np.broadcast_to(_constant(kind, train.targets), val.targets.shape), val.targets)


def _constant(kind: TaskKind, targets: NDArray[Any]) -> NDArray[Any]:
    if kind is TaskKind.MULTI_LABEL:
        return np.zeros(1, dtype=np.float32)
    if kind is TaskKind.SEGMENTATION:
        return np.asarray(np.bincount(targets.reshape(-1)).argmax())
    positions = tuple(range(2, targets.ndim))
    return np.asarray(targets.mean(axis=(0, *positions), dtype=np.float64)).reshape(
        -1, *(1 for _ in positions)
    )
