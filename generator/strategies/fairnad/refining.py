"""What ideas were worth so far, and which are similar or opposite to the best of them.

From notes on the full paper: a share of the children takes the ideas that gained most, and looks for similar
and for opposite ones. Ours: a gain is the child's accuracy less its parent's, and an invalid child has none
at all; similar is of the same sub-category, else of the same category; opposite is what the idea names as
such, else what shares the fewest words with it in its category. A model, where there is one, chooses among a
few of them. This module does *not* carry ideas out.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from statistics import fmean

from corpus.records.search.ideas import Idea
from generator.ideas.pool import IdeaPool
from generator.ideas.words import plain_words

FED_BACK = 4
"""Attempts that a model is told of at most; our choice."""

REMEMBERED = 200
"""Attempts that are remembered for that; our choice."""


class Experience:
    """What became of ideas."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._gains: dict[str, list[float]] = defaultdict(list)
        self._attempts: deque[tuple[str, str, str]] = deque(maxlen=REMEMBERED)

    def gained(self, idea: str, gain: float) -> None:
        """Take in the accuracy of an idea's child less that of its parent."""
        self._gains[idea].append(gain)

    def attempted(self, idea: str, parent: str, outcome: str) -> None:
        """Note in words what became of an idea on a network."""
        self._attempts.append((idea, parent, outcome))

    def best(self, count: int) -> list[str]:
        """Return the ids of the ideas that gained most on average, best first, of equal ones by name."""
        return sorted(self._gains, key=lambda idea: (-fmean(self._gains[idea]), idea))[:count]

    def feedback(self, idea: str, parent: str) -> list[str]:
        """Return what became of the last attempts of this idea, or on this network, oldest first."""
        lines = [
            f"{tried} on {'this network' if on == parent else 'another'}: {outcome}"
            for tried, on, outcome in self._attempts
            if idea == tried or parent == on
        ]
        return lines[-FED_BACK:]


def similar(pool: IdeaPool, idea: Idea, rng: random.Random, count: int) -> list[Idea]:
    """Return a few ideas that are similar to one, drawn, none where its category has no other."""
    others = [each for each in pool.ideas.values() if each.id != idea.id]
    near = [each for each in others if each.path == idea.path]
    near = near or [each for each in others if each.category == idea.category]
    return rng.sample(near, min(count, len(near)))


def opposite(pool: IdeaPool, idea: Idea, count: int) -> list[Idea]:
    """Return a few ideas that are the contrary of one, the most contrary first; likewise."""
    others = [each for each in pool.ideas.values() if each.category == idea.category and each.id != idea.id]
    apart = sorted(others, key=lambda each: (_alike(idea.statement, each.statement), each.id))
    named = pool.ideas.get(idea.opposite or "")
    ranked = apart if named is None else [named, *(each for each in apart if each.id != named.id)]
    return ranked[:count]


def _alike(first: str, second: str) -> float:
    """Return the Jaccard similarity of the words of two statements."""
    ours, theirs = (set(plain_words(text)) for text in (first, second))
    return len(ours & theirs) / max(len(ours | theirs), 1)
