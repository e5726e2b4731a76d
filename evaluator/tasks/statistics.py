"""What is computed from a task's arrays: the channels' statistics and the content's fingerprint.

Both read the arrays in place or in small parts; neither makes a copy of a split in a wider type.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.task import Splits

_PART_IMAGES = 1024
_DIGITS = 12


def channel_statistics(images: NDArray[np.uint8]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel of `(N, C, H, W)`, in [0, 1].

    Sums of bytes and of their squares are exact integers, so the result does not depend on the order of
    summation. A channel that never changes gets the deviation 1, as it cannot be divided by 0.
    """
    channels = range(images.shape[1])
    totals, squares = [0 for _ in channels], [0 for _ in channels]
    for start in range(0, len(images), _PART_IMAGES):
        part = images[start : start + _PART_IMAGES].astype(np.int64)
        for channel in channels:
            totals[channel] += int(part[:, channel].sum())
            squares[channel] += int(np.square(part[:, channel]).sum())
    count = images.size // images.shape[1]
    means = tuple(total / (255 * count) for total in totals)
    spreads = [count * square - total * total for total, square in zip(totals, squares, strict=True)]
    return means, tuple(math.sqrt(spread) / (255 * count) if spread else 1.0 for spread in spreads)


def fingerprint(splits: Splits) -> str:
    """Return 12 hexadecimal digits that two different data sets do not share."""
    digest = hashlib.sha256()
    for split in (splits.train, splits.val, splits.test):
        digest.update(repr(split.inputs.shape).encode())
        for array in (split.inputs, split.targets):
            digest.update(np.ascontiguousarray(array).data.cast("B"))
    return digest.hexdigest()[:_DIGITS]
