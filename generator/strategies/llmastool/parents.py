"""Who is changed next: one of the best networks so far, and one of a crowded niche less often.

From notes on the full paper: parents come from the top 5 (of 100 networks) or the top 25 (of 500), guided by
diversity, with counts of niches. Ours is what a niche is, the set of what a network is made of (the roles of
its modules, its composites), and the weight: one over the number of valid networks of the niche so far.

This module does *not* change anything.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from corpus.objectives import Caps, Objective, fittest
from corpus.records.evaluations import Evaluation
from corpus.records.search.probes import Probe
from corpus.records.search.trials import Trial


class Member(NamedTuple):
    """A network that was judged.

    Attributes:
        point: Its tree.
        trial: What became of it.
        niche: What it is made of.
        probe: What the sandbox said of it before it was judged, None where it was not asked.
    """

    point: Any
    trial: Trial
    niche: Hashable
    probe: Probe | None = None


class Parents:
    """The best networks of a search, and who of them is changed next.

    Only as many as may become parents are kept, so several objectives are ranked among those and the newest.

    Args:
        top: How many of the best come into question.
        niches: Whether those of crowded niches are chosen less often.
        objectives: What the best are best at.
        caps: Beyond these a network comes after all others.
    """

    def __init__(self, top: int, *, niches: bool, objectives: Sequence[Objective], caps: Caps) -> None:
        self.best: list[Member] = []
        self._crowd = Counter[Hashable]()
        self._top, self._niches, self._objectives, self._caps = top, niches, objectives, caps

    def add(self, members: Sequence[Member]) -> None:
        """Take in networks that were judged; invalid ones come into question while there is no other."""
        self._crowd.update(each.niche for each in members if each.trial.evaluation.valid)
        known = [*self.best, *members]
        order = fittest([each.trial.evaluation for each in known], self._objectives, self._caps)
        valid = [place for place in order if known[place].trial.evaluation.valid]
        self.best = [known[place] for place in (valid or order)[: self._top]]

    def draw(self, rng: random.Random) -> Member:
        """Return the next parent."""
        return rng.choices(self.best, self.weights())[0]

    def weights(self) -> list[float]:
        """Return how likely each of the best is chosen, up to a factor."""
        return [1 / max(self._crowd[each.niche], 1) if self._niches else 1.0 for each in self.best]


def better(child: Evaluation, parent: Evaluation | None, objectives: Sequence[Objective], caps: Caps) -> bool:
    """Return whether a child is valid and fitter than its parent; of equals neither is."""
    if not child.valid or parent is None:
        return child.valid
    return fittest([parent, child], objectives, caps)[0] == 1
