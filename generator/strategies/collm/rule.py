"""A strategy and its candidates where no model gives any: by the operations of the best networks so far.

It stands in wherever an answer cannot be used, and without a model it is an arm of its own. Operations that
are more frequent among the best networks than among all are preferred, those that are rarer avoided, and
those that were hardly tried explored. Its candidates are drawn: of some random points, one that has more of
what is preferred and less of what is avoided is likelier.

This module does *not* know where in a network an operation does good.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence
from math import prod
from typing import Any

from generator.spaces.operations import Operational
from generator.strategies.collm.direction import Direction
from generator.strategies.collm.memory import Tried

MOST_TOP, TOP_SHARE = 10, 1 / 3
"""How many networks count as the best: a third of those tried, ten at most."""

PREFERRED_FROM, AVOIDED_TO = 1.1, 0.9
"""Frequency of an operation among the best, as a multiple of that among all."""

HARDLY_TRIED = 0.5
"""Share among all operations below which one is explored, as a multiple of an even share."""

PREFERRED, EXPLORED, AVOIDED = 4.0, 2.0, 0.25
"""Weights of one operation."""

POOL = 32
"""Random points of which one is drawn."""

DRAWS = 8
"""Pools that are drawn before a search gives up on a point that is new."""


def ruled(tried: Sequence[Tried], vocabulary: Sequence[str]) -> Direction:
    """Return the strategy that the results of a search suggest; without results it says nothing.

    Args:
        tried: What was judged, best first.
        vocabulary: The operations of the space.
    """
    if not tried:
        return Direction()
    top = tried[: max(1, min(MOST_TOP, round(len(tried) * TOP_SHARE)))]
    among_top, among_all = _frequencies(top), _frequencies(tried)
    explore = tuple(each for each in vocabulary if among_all.get(each, 0.0) < HARDLY_TRIED / len(vocabulary))
    lift = {each: among_top.get(each, 0.0) / among_all[each] for each in vocabulary if each not in explore}
    return Direction(
        prefer=tuple(each for each, value in lift.items() if value > PREFERRED_FROM),
        avoid=tuple(each for each, value in lift.items() if value < AVOIDED_TO),
        explore=explore,
    )


def drawn(space: Operational[Any], direction: Direction, visited: Collection[str], rng: random.Random) -> Any:
    """Return a point that leans to `direction`: not a visited one, unless none other is found."""
    weights = dict.fromkeys(direction.prefer, PREFERRED)
    weights |= dict.fromkeys(direction.explore, EXPLORED) | dict.fromkeys(direction.avoid, AVOIDED)
    pool: list[Any] = []
    for _ in range(DRAWS):
        pool = [space.sample(rng) for _ in range(POOL)]
        fresh = [point for point in pool if space.key(point) not in visited]
        if fresh:
            leanings = [prod(weights.get(each, 1.0) for each in space.operations(point)) for point in fresh]
            return rng.choices(fresh, leanings)[0]
    return pool[0]


def _frequencies(tried: Sequence[Tried]) -> dict[str, float]:
    """Return the share of each operation among all operations of some networks."""
    counts = Counter(operation for each in tried for operation in each.operations)
    return {operation: count / counts.total() for operation, count in counts.items()}
