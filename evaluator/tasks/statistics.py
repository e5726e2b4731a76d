"""What is computed from a task's arrays: the channels' statistics and the content's fingerprint.

Both read the arrays in place or in small parts; neither makes a copy of a split in a wider type.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.task import Examples, Splits

_PART_INPUTS = 1024
_DIGITS = 12
_SMALLEST_SPREAD = 1e-30
_RESOLUTION = 1e-7
"""Of float32, about: what varies by less of its mean does not vary."""

Statistics = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and standard deviation of each channel."""


def channel_statistics(inputs: NDArray[Any]) -> Statistics:
    """Return mean and standard deviation of each channel of `(N, C, H, W)` or `(N, C, L)`.

    Those of uint8 are in [0, 1] and exact; those of float32 are in their own unit, and rounded to float32 so
    that they do not depend on the order of summation. A channel that never changes gets the deviation 1, as
    it cannot be divided by 0.
    """
    return _of_bytes(inputs) if inputs.dtype == np.uint8 else _of_numbers(inputs)


def _of_bytes(images: NDArray[np.uint8]) -> Statistics:
    channels = range(images.shape[1])
    totals, squares = [0 for _ in channels], [0 for _ in channels]
    for start in range(0, len(images), _PART_INPUTS):
        part = images[start : start + _PART_INPUTS].astype(np.int64)
        for channel in channels:
            totals[channel] += int(part[:, channel].sum())
            squares[channel] += int(np.square(part[:, channel]).sum())
    count = images.size // images.shape[1]
    means = tuple(total / (255 * count) for total in totals)
    spreads = [count * square - total * total for total, square in zip(totals, squares, strict=True)]
    return means, tuple(math.sqrt(spread) / (255 * count) if spread else 1.0 for spread in spreads)


def _of_numbers(inputs: NDArray[np.float32]) -> Statistics:
    parts = [slice(start, start + _PART_INPUTS) for start in range(0, len(inputs), _PART_INPUTS)]
    count = inputs.size // inputs.shape[1]
    means, deviations = [], []
    for channel in range(inputs.shape[1]):
        numbers = inputs[:, channel]
        mean = math.fsum(float(numbers[part].sum(dtype=np.float64)) for part in parts) / count
        squares = math.fsum(float(np.square(numbers[part] - np.float64(mean)).sum()) for part in parts)
        spread = float(np.float32(math.sqrt(squares / count)))
        means.append(float(np.float32(mean)))
        deviations.append(spread if spread > max(_SMALLEST_SPREAD, _RESOLUTION * abs(mean)) else 1.0)
    return tuple(means), tuple(deviations)


def fingerprint(splits: Splits) -> str:
    """Return 12 hexadecimal digits that two different data sets do not share."""
    digest = hashlib.sha256()
    for split in (splits.train, splits.val, splits.test):
        digest.update(repr(split.inputs.shape).encode())
        digest.update(_form(split))
        for array in (split.inputs, split.targets):
            digest.update(np.ascontiguousarray(array).data.cast("B"))
    return digest.hexdigest()[:_DIGITS]


def _form(split: Examples) -> bytes:
    """Return what tells apart arrays of equal bytes; nothing for images of which each has its class."""
    if split.inputs.dtype == np.uint8 and split.targets.ndim == 1:
        return b""
    return f"{split.inputs.dtype} {split.targets.dtype} {split.targets.shape}".encode()
