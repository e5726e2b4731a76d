"""Who dominates whom: the ranks and crowding distances of NSGA-II (Deb et al. 2002), and the hypervolume.

A point is a tuple of objectives, all to be maximised; `corpus.objectives` makes points of evaluations. It
lies here because strategies, figures and the command line all rank by it, and strategies reach no other room
than this one; it is no part of `corpus.programs`, since it knows numbers alone. It does *not* scale
objectives: ranks need no scale, crowding distances are relative to the range of the front, and a hypervolume
is in the units of the points.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf

Point = Sequence[float]


def dominates(first: Point, second: Point) -> bool:
    """Return whether `first` is nowhere worse than `second` and somewhere better; equal points do not."""
    return all(a >= b for a, b in zip(first, second, strict=True)) and tuple(first) != tuple(second)


def ranks(points: Sequence[Point]) -> list[int]:
    """Return the rank of each point: 0 for the front, 1 for the front without those, and so on.

    Fast non-dominated sorting (section III A of the paper): the square of the points in comparisons.
    """
    beaten: list[list[int]] = [
        [other for other, theirs in enumerate(points) if dominates(ours, theirs)] for ours in points
    ]
    dominators = [0] * len(points)
    for others in beaten:
        for other in others:
            dominators[other] += 1
    found = [0] * len(points)
    front = [place for place, count in enumerate(dominators) if not count]
    rank = 0
    while front:
        following = []
        for place in front:
            found[place] = rank
            for other in beaten[place]:
                dominators[other] -= 1
                if not dominators[other]:
                    following.append(other)
        front, rank = following, rank + 1
    return found


def crowding_distances(front: Sequence[Point]) -> list[float]:
    """Return how alone each point of one front is: the sides of the box its neighbours leave, summed.

    Section III B of the paper. The ends of every objective are infinitely alone, of equal points the first
    and the last in order.
    """
    distances = [0.0] * len(front)
    for objective in range(len(front[0]) if front else 0):
        order = sorted(range(len(front)), key=lambda place: front[place][objective])
        values = [front[place][objective] for place in order]
        distances[order[0]] = distances[order[-1]] = inf
        span = values[-1] - values[0]
        if span:
            for middle in range(1, len(order) - 1):
                distances[order[middle]] += (values[middle + 1] - values[middle - 1]) / span
    return distances


def fitness_order(points: Sequence[Point]) -> list[int]:
    """Return the places of all points, fittest first: by rank, then the lonelier, then the earlier."""
    fronts: dict[int, list[int]] = {}
    for place, rank in enumerate(ranks(points)):
        fronts.setdefault(rank, []).append(place)
    order: list[int] = []
    for _, members in sorted(fronts.items()):
        alone = crowding_distances([points[place] for place in members])
        order += [place for _, place in sorted(zip(alone, members, strict=True), key=lambda both: -both[0])]
    return order


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """Return the volume that the points dominate above `reference`, where points not above it add nothing.

    Exact, by slices along the last objective (While et al. 2006); meant for two objectives or three.
    """
    inside = [tuple(point) for point in points if all(a > b for a, b in zip(point, reference, strict=True))]
    if not inside:
        return 0.0
    *rest, floor = reference
    if not rest:
        return max(point[0] for point in inside) - floor
    heights = sorted({point[-1] for point in inside} | {floor})
    return sum(
        (above - below) * hypervolume([point[:-1] for point in inside if point[-1] >= above], rest)
        for below, above in pairwise(heights)
    )
