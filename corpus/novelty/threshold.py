"""What a valid and new program must reach to be admitted: a fixed score, or a place among those before it.

An accuracy of 0.40 after one epoch is much, and everybody knows how much; of another metric and another task
nobody does before the first programs are judged. So there the threshold is the percentile of the reference's
rule alone ("max(0.40, 65th percentile), 0.35 below 15 winners"), over the valid programs judged so far: it
follows from the rows of the ledger, whose order is that of judging, and so is the same after a resume.

This module does *not* decide on admission (`corpus.novelty.gate` does).
"""

from __future__ import annotations

from collections.abc import Sequence

from corpus.config import CorpusConfig
from corpus.records.tasks.kinds import Metric


def fixed_threshold(config: CorpusConfig, metric: Metric) -> float | None:
    """Return the score in [0, 1] that is asked for at all times, None where the threshold is relative."""
    relative = config.admit == "relative" or (config.admit == "auto" and metric is not Metric.ACCURACY)
    return None if relative else config.min_accuracy


def threshold(config: CorpusConfig, metric: Metric, earlier: Sequence[float]) -> float:
    """Return the score in [0, 1] that the next valid program must reach; 0 asks for nothing.

    Args:
        config: Which threshold holds.
        metric: The metric by which the program is judged.
        earlier: The scores of the valid programs judged before it, in ascending order.
    """
    fixed = fixed_threshold(config, metric)
    if fixed is not None:
        return fixed
    if len(earlier) < max(1, config.known_valid):
        return 0.0
    return percentile(earlier, 1.0 - config.best_share)


def percentile(ascending: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lie, interpolated as numpy does by default."""
    place = share * (len(ascending) - 1)
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (place - below) * (ascending[above] - ascending[below])
