"""Targets of regression in the unit that programs learn in: standardised, each channel by itself.

Its mean is 0 then, and its standard deviation 1. The statistics are those of the targets that are trained on,
and stay on this side: a program answers in the standardised unit, and its answers are turned back before they
are compared with the targets.

This module does *not* touch targets of other kinds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape


class TargetUnit(NamedTuple):
    """Mean and standard deviation of each of the K channels of regression targets `(N, K, *positions)`."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, targets: NDArray[Any], shape: TaskShape) -> TargetUnit | None:
        """Return the unit of the targets that are trained on; None where they are no regression's.

        The standard deviation of a channel that is the same number everywhere is 1.
        """
        if shape.kind is not TaskKind.REGRESSION:
            return None
        channels = [_mean_and_std(targets[:, channel]) for channel in range(shape.classes)]
        return cls(tuple(mean for mean, _ in channels), tuple(std for _, std in channels))

    def standardised(self, targets: NDArray[Any]) -> NDArray[np.float32]:
        """Return targets as programs learn them, float32 of the same shape."""
        found = np.empty(targets.shape, dtype=np.float32)
        for channel, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            found[:, channel] = (targets[:, channel].astype(np.float64) - mean) / std
        return found

    def restored(self, answers: NDArray[Any]) -> NDArray[np.float64]:
        """Return answers in the unit of the targets, float64 of the same shape."""
        channels = (1, -1, *(1 for _ in answers.shape[2:]))
        std, mean = (np.array(each).reshape(channels) for each in (self.std, self.mean))  # (1, K, 1, 1)
        restored: NDArray[np.float64] = answers.astype(np.float64) * std + mean
        return restored


def _mean_and_std(channel: NDArray[Any]) -> tuple[float, float]:
    numbers = channel.astype(np.float64)
    return float(numbers.mean()), float(numbers.std()) if numbers.min() < numbers.max() else 1.0
