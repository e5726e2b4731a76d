"""Drawing ideas: fairly over the template, or as often as somebody happened to write them down.

Fair is a category first, then one of its sub-categories, then one of its ideas, each uniformly among those
that have ideas (FairNAD, arXiv 2605.19247: ideas that a language model finds are heavily biased to a few
categories, and drawing uniformly among ideas passes that bias on).

Evenness is the entropy of a count over its logarithm: 1 where all are drawn alike, 0 where one is alone.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from corpus.records.search.ideas import Idea
from generator.ideas.pool import IdeaPool

Sampling = Literal["fair", "uniform"]
"""How ideas are drawn: `fair` over the template, or `uniform` over the ideas, as a control."""


def draw(pool: IdeaPool, rng: random.Random, sampling: Sampling = "fair") -> Idea:
    """Return an idea.

    Raises:
        ValueError: The pool is empty.
    """
    if not pool.ideas:
        raise ValueError("the pool has no ideas to draw from")
    if sampling == "uniform":
        return rng.choice(list(pool.ideas.values()))
    categories: dict[str, list[Sequence[Idea]]] = defaultdict(list)
    for ideas in pool.by_path.values():
        categories[ideas[0].category].append(ideas)
    return rng.choice(rng.choice(categories[rng.choice(list(categories))]))


def evenness(counts: Mapping[str, int], names: Iterable[str]) -> float | None:
    """Return the entropy of counts over the logarithm of how many names there are, in [0, 1].

    Args:
        counts: How often each was seen; names that are missing count as 0.
        names: All that there are.

    Returns:
        None where nothing was seen, or where there is one name alone, over which all is even.
    """
    every = list(names)
    seen = [counts.get(name, 0) for name in every]
    total = sum(seen)
    if not total or len(every) < 2:
        return None
    entropy = -sum(count / total * math.log(count / total) for count in seen if count)
    return entropy / math.log(len(every)) or 0.0  # not -0.0
