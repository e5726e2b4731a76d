"""Shares, means and quantiles with their uncertainty; 95% throughout.

Pure functions of numbers. They do *not* know what is counted, and correct for no multiple looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from statistics import NormalDist, fmean, stdev
from typing import TYPE_CHECKING, Any

from cycles.figures.records import Mean, Rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Z = NormalDist().inv_cdf(0.975)
_DECIMALS = 12


def wilson(count: int, total: int) -> Rate:
    """Return the share `count / total` with its Wilson score interval (Wilson 1927), without correction.

    Raises:
        ValueError: `count` is not in [0, total].
    """
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total} is not a share")
    if total == 0:
        return Rate(count=0, total=0, low=0.0, high=1.0)
    share, weight = count / total, _Z * _Z / total
    centre = (share + weight / 2) / (1 + weight)
    half = _Z / (1 + weight) * sqrt(share * (1 - share) / total + weight / (4 * total))
    # Exactly 0 and 1 at the ends, where rounding would leave something of 1e-17.
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == total else min(1.0, centre + half)
    return Rate(count=count, total=total, low=low, high=high)


def mean_interval(values: Sequence[float], *, bounds: tuple[float, float] = (0.0, 1.0)) -> Mean:
    """Return the mean of `values` with Student's t interval, cut to the `bounds` that the values obey.

    The interval is exact for normal values and good for many; over few and skewed ones it is a rough guide.
    One value says nothing of its spread: its interval is all of `bounds`. No value gives zeros.

    Raises:
        ValueError: A value lies outside `bounds`.
    """
    if not values:
        return Mean(count=0, value=0.0, low=0.0, high=0.0)
    if not all(bounds[0] <= value <= bounds[1] for value in values):
        raise ValueError(f"a value lies outside [{bounds[0]}, {bounds[1]}]")
    mean, count = fmean(values), len(values)
    if count == 1:
        return Mean(count=1, value=mean, low=bounds[0], high=bounds[1])
    from scipy.special import stdtrit

    half = float(stdtrit(count - 1, 0.975)) * stdev(values) / sqrt(count)
    return Mean(count=count, value=mean, low=max(bounds[0], mean - half), high=min(bounds[1], mean + half))


def bootstrap_interval(
    rows: NDArray[Any], statistic: Callable[[NDArray[Any]], NDArray[Any]], *, resamples: int = 2000
) -> tuple[float, float]:
    """Return the bootstrap percentile interval of a statistic of rows (Efron 1979), the same for equal rows.

    Good for dozens of rows or more; over few it is too narrow. Resamples on which the statistic is not a
    number do not count. Ends are rounded to 12 decimals: shares of equal counts add up to zero but for their
    last bits, and an interval that ends at zero must hold it.

    Args:
        rows: (N, ...), drawn with replacement as wholes.
        statistic: Takes tables (S, N, ...) and returns their statistics (S,).
        resamples: How many tables are drawn.

    Raises:
        ValueError: There is no row.
    """
    import numpy as np

    if not len(rows):
        raise ValueError("a bootstrap needs rows")
    drawn = np.random.default_rng(0).integers(0, len(rows), (resamples, len(rows)))
    low, high = np.nanquantile(statistic(rows[drawn]), (0.025, 0.975))
    return round(float(low), _DECIMALS) + 0.0, round(float(high), _DECIMALS) + 0.0  # + 0.0: no minus zero


def quantiles(values: Sequence[float], points: Sequence[float]) -> list[float]:
    """Return the quantiles of `values` at `points` in [0, 1], linear between neighbours (numpy's default).

    Raises:
        ValueError: There is no value, or a point is outside [0, 1].
    """
    if not values or not all(0 <= point <= 1 for point in points):
        raise ValueError("quantiles need a value, and points in [0, 1]")
    ordered = sorted(values)
    found = []
    for point in points:
        place = point * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        found.append(ordered[below] + (place - below) * (ordered[above] - ordered[below]))
    return found
