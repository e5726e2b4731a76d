"""Fewer training images: so many of a split, drawn once and for all.

Smaller draws lie within larger ones, so that 5,000 images hold the 1,000 that were tried first. This module
does *not* touch what is measured on: validation and test splits stay whole.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from evaluator.errors import TaskDataError
from evaluator.tasks.task import Examples, Splits

_SEED = 20251128


def learning_from(splits: Splits, count: int | None, task: str) -> Splits:
    """Return the splits with `count` of their training images, in the order in which those lie; None is all.

    Raises:
        TaskDataError: There are fewer.
    """
    if count is None:
        return splits
    train = splits.train
    if count > len(train):
        raise TaskDataError(
            f"the task '{task}'",
            f"it has {len(train):,} training images, evaluator.train_images asks for {count:,}",
            "Lower it, or leave it out for all.",
        )
    drawn = np.random.Generator(np.random.PCG64(_SEED)).permutation(len(train))[:count]
    kept = np.sort(drawn)
    return dataclasses.replace(splits, train=Examples(train.inputs[kept], train.targets[kept]))
