"""Random search: every point of a space is drawn by itself, and nothing is learnt. The control of all.

It asks no model. This module does *not* remember what it proposed: novelty is for the gate to decide.
"""

from __future__ import annotations

import random
from typing import Any

from pydantic import BaseModel, ConfigDict

from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from generator.spaces.contract import Space
from generator.spaces.proposing import proposed
from generator.strategies.contract import Bench, Conversation, Strategy


class Settings(BaseModel):
    """Random search has no settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RandomSearch(Strategy):
    """Draws points of a space, each with a seed of its own that its place gives."""

    name = "random"
    remembers = False

    def __init__(self, space: Space[Any]) -> None:
        """Draw from `space`."""
        self._space = space

    def search(self, bench: Bench) -> Conversation:
        """Propose a whole cycle at a time: no draw depends on another."""
        while True:
            places = range(bench.index, bench.index + bench.room)
            yield [self._drawn(bench.seed("prompt", bench.cycle, index)) for index in places]

    def _drawn(self, seed: int) -> Proposal:
        point = self._space.sample(random.Random(seed))
        decided = Decision(what="program", by=DecidedBy.CHANCE)
        return proposed(self._space, point, operator="sample", decisions=(decided,), seed=seed)


def build(_settings: Settings, space: Space[Any]) -> RandomSearch:
    """Return the strategy over `space`."""
    return RandomSearch(space)
