"""How the benchmarks compare times: processor seconds, and ratios with their intervals.

This module imports no torch: a supervisor does without.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from cycles.figures.statistics import bootstrap_interval


class Ratio(NamedTuple):
    """A ratio of two sums, with its 95% bootstrap interval over the pairs."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> Ratio:
        """Return the sum of the first of all pairs over that of the second."""
        table = np.array(list(pairs))
        return cls(float(_ratio_of_sums(table)), *bootstrap_interval(table, _ratio_of_sums))


def _ratio_of_sums(pairs: np.ndarray) -> np.ndarray:
    """Return the ratio of the sums of pairs `(..., N, 2)`, as `(...)`."""
    sums: np.ndarray = pairs.sum(axis=-2)
    return sums[..., 0] / sums[..., 1]


def processor_seconds(step: Callable[[], object]) -> float:
    """Return the processor seconds that `step` takes."""
    started = time.process_time()
    step()
    return time.process_time() - started
