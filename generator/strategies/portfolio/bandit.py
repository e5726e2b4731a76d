"""Whose turn it is: Thompson sampling with a discount, since a member that learns is not what it was.

Each member's reward is Bernoulli: a trial is a success where its score is among the best of all trials so
far, whoever proposed them. Old outcomes lose weight with each new one (Raj and Kalyani 2017, "Taming
Non-stationary Bandits: A Bayesian Approach"), so that a member which failed before it was taught is tried
again. This module does *not* know what a member does in its turn.
"""

from __future__ import annotations

import math
import random
from bisect import insort
from collections.abc import Sequence

from generator.strategies.llmastool.planner import Belief


class Bandit:
    """The belief in each member, as a Beta distribution over the chance that a trial of its is a success.

    Args:
        members: Their names.
        elite: Share of all trials so far that count as successes, in (0, 1).
        discount: What an outcome is still worth after one more, in (0, 1].
    """

    def __init__(self, members: Sequence[str], *, elite: float, discount: float) -> None:
        self._elite, self._discount = elite, discount
        self._won = dict.fromkeys(members, 0.0)
        self._lost = dict.fromkeys(members, 0.0)
        self._scores: list[float] = []
        self._heard = 0

    def belief(self, member: str) -> Belief:
        """Return the belief in a member; uniform at first."""
        return Belief(1.0 + self._won[member], 1.0 + self._lost[member])

    def draw(self, members: Sequence[str], rng: random.Random) -> str:
        """Return the member with the greatest chance, of one drawn for each from the belief in it."""
        drawn = [self.belief(each).draw(rng) for each in members]
        return members[max(range(len(drawn)), key=drawn.__getitem__)]

    def learn(self, member: str, scores: Sequence[float | None]) -> None:
        """Take in the scores of a member's turn, higher is better; None of what is not valid."""
        self._heard += len(scores)
        for score in scores:
            if score is not None:
                insort(self._scores, score)
        least = self._least()
        for score in scores:
            for outcomes in (self._won, self._lost):
                outcomes.update({each: self._discount * count for each, count in outcomes.items()})
            won = score is not None and score >= least
            (self._won if won else self._lost)[member] += 1.0

    def _least(self) -> float:
        """Return the score from which on a trial is among the best; failures count among all."""
        best = self._scores[-math.ceil(self._elite * self._heard) :]
        return best[0] if best else math.inf
