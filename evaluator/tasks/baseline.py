"""What answers are worth that do not look at the input, which every network has to beat.

This module does *not* compute metrics: see `evaluator.metrics`.
"""

from __future__ import annotations

import numpy as np

from corpus.records.tasks.kinds import TaskKind
from evaluator.metrics import score
from evaluator.tasks.task import Examples


def baseline(kind: TaskKind, train: Examples, val: Examples) -> float | None:
    """Return the best score on `val` of answers that are the same to every input and at every position.

    Labels that are all equal rank nothing: the score is their mean share of positives. In a regression the
    numbers are the training split's means, one for each channel; 0 everywhere scores 0, and so no better.

    In a segmentation the class is the most frequent one of the training split. Answers at random by the
    classes' shares may score more there, as they name every class: one with the share p then has, on average,
    the intersection p^2 and the union 2p - p^2. The larger of both counts.

    None is for single-label tasks, where guessing is beaten.
    """
    if kind is TaskKind.SINGLE_LABEL:
        return None
    targets, random = train.targets, 0.0
    if kind is TaskKind.MULTI_LABEL:
        constant = np.zeros(1, dtype=np.float32)
    elif kind is TaskKind.SEGMENTATION:
        counts = np.bincount(targets.reshape(-1))
        constant = np.array(counts.argmax())
        shares = counts[counts > 0] / targets.size
        random = float((shares / (2 - shares)).mean())
    else:
        positions = tuple(range(2, targets.ndim))
        constant = targets.mean(axis=(0, *positions), keepdims=True, dtype=np.float64)  # (1, K, 1, 1)
    return max(random, score(kind, np.broadcast_to(constant, val.targets.shape), val.targets))
