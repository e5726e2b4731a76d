"""Which programs stand together in a prompt: any, or ones that are neither too alike nor too unlike.

Programs that are all alike show one idea; programs that have nothing in common show no direction. A band of
Jaccard similarity keeps each two of a prompt between the two. This module does *not* choose the pool
(a search's bench does: the stronger half of the admitted) or render a prompt.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from corpus.novelty.similarity import ShingleArray, Shingler, jaccards
from corpus.records.search.trials import Trial

Draw = Callable[[Sequence[Trial], int, random.Random], list[Trial]]
"""Returns so many trials of a pool, fewer where there are no more, by the chance that it is given."""


def any_of(pool: Sequence[Trial], count: int, chance: random.Random) -> list[Trial]:
    """Return `count` trials, drawn without replacement."""
    return chance.sample(pool, min(count, len(pool)))


class Banded:
    """Draws trials of which each two have a similarity within a band."""

    def __init__(self, low: float, high: float, shingler: Shingler) -> None:
        """Set the band, both ends in it, and what a shingle is."""
        self._low, self._high, self._shingler = low, high, shingler
        self._sets: dict[str, ShingleArray] = {}

    def __call__(self, pool: Sequence[Trial], count: int, chance: random.Random) -> list[Trial]:
        """Return `count` trials, or as many as were found to fit together.

        The pool is put into a random order; from each place of it in turn a set is begun, and whoever follows
        joins where it fits all that are in it. The first full set is taken, else the largest of them.
        """
        order = chance.sample(pool, len(pool))
        best: list[Trial] = []
        for begin in range(len(order)):
            found: list[Trial] = []
            for trial in order[begin:] + order[:begin]:
                if len(found) < count and self._fits(trial, found):
                    found.append(trial)
            if len(found) > len(best):
                best = found
            if len(best) == min(count, len(order)):
                break
        return best

    def _fits(self, trial: Trial, found: Sequence[Trial]) -> bool:
        similar = jaccards(self._shingles(trial), [self._shingles(each) for each in found])
        return bool(((similar >= self._low) & (similar <= self._high)).all())

    def _shingles(self, trial: Trial) -> ShingleArray:
        known = self._sets.get(trial.candidate.id)
        if known is None:
            known = self._sets[trial.candidate.id] = self._shingler.array(trial.candidate.source or "")
        return known
