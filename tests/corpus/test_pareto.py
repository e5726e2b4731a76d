"""Ranks, crowding and hypervolume against their definitions, on random points with ties."""

from __future__ import annotations

import random
from math import inf

import pytest

from corpus.pareto import crowding_distances, dominates, fitness_order, hypervolume, ranks

Points = list[tuple[float, ...]]


def random_points(seed: int, count: int = 40, objectives: int = 3, levels: int = 6) -> Points:
    """Return points of so few levels that many are equal, in one objective or in all."""
    rng = random.Random(seed)
    return [tuple(rng.randrange(levels) / levels for _ in range(objectives)) for _ in range(count)]


def ranks_by_definition(points: Points) -> list[int]:
    """Peel front after front: a point is in the front of those left that none of those left dominates."""
    found: dict[int, int] = {}
    rank = 0
    while len(found) < len(points):
        left = [place for place in range(len(points)) if place not in found]
        front = [p for p in left if not any(dominates(points[q], points[p]) for q in left)]
        found |= dict.fromkeys(front, rank)
        rank += 1
    return [found[place] for place in range(len(points))]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_ranks_are_those_of_their_definition(seed: int, objectives: int) -> None:
    points = random_points(seed, objectives=objectives)
    assert ranks(points) == ranks_by_definition(points)


def test_domination_needs_a_better_objective_and_no_worse_one() -> None:
    assert dominates((1.0, 2.0), (1.0, 1.0))
    assert not dominates((1.0, 1.0), (1.0, 1.0))
    assert not dominates((2.0, 0.0), (1.0, 1.0))


def test_crowding_sums_the_sides_of_the_box_between_neighbours() -> None:
    front = [(0.0, 4.0), (1.0, 3.0), (3.0, 1.0), (4.0, 0.0)]
    assert crowding_distances(front) == [inf, 0.75 + 0.75, 0.75 + 0.75, inf]
    assert crowding_distances([(1.0, 1.0)]) == [inf]
    assert crowding_distances([]) == []


def test_crowding_of_equal_points_is_nought_between_them() -> None:
    distances = crowding_distances([(1.0, 1.0)] * 4)
    assert distances == [inf, 0.0, 0.0, inf]


@pytest.mark.parametrize("seed", range(4))
def test_the_fittest_come_first_by_rank_and_then_by_loneliness(seed: int) -> None:
    points = random_points(seed)
    order = fitness_order(points)
    rank = ranks(points)
    assert sorted(order) == list(range(len(points)))
    assert [rank[place] for place in order] == sorted(rank)
    front = [place for place in range(len(points)) if rank[place] == 0]
    alone = dict(zip(front, crowding_distances([points[place] for place in front]), strict=True))
    distances = [alone[place] for place in order[: len(front)]]
    assert distances == sorted(distances, reverse=True)


@pytest.mark.parametrize("objectives", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_the_hypervolume_is_the_share_of_random_points_that_are_dominated(seed: int, objectives: int) -> None:
    points = random_points(seed, count=12, objectives=objectives, levels=20)
    rng = random.Random(seed)
    throws = 20_000
    hits = 0
    for _ in range(throws):
        dart = [rng.random() for _ in range(objectives)]
        hits += any(all(a >= b for a, b in zip(point, dart, strict=True)) for point in points)
    share = hits / throws
    deviation = (share * (1 - share) / throws) ** 0.5
    assert hypervolume(points, [0.0] * objectives) == pytest.approx(share, abs=4 * deviation)


def test_points_that_are_not_above_the_reference_add_no_volume() -> None:
    assert hypervolume([(0.5, 0.5)], (0.0, 0.0)) == 0.25
    assert hypervolume([(0.5, 0.5), (0.9, 0.0), (-1.0, 2.0)], (0.0, 0.0)) == 0.25
    assert hypervolume([], (0.0, 0.0)) == 0.0
