"""Regularised evolution over a space: tournaments choose parents, and the oldest die, however good they are.

Real, Aggarwal, Huang and Le (2019), "Regularized Evolution for Image Classifier Architecture Search", AAAI
33, Algorithm 1. Two things are ours: children are proposed a few at a time, so that several are judged side
by side, as the paper's workers were; and a child whose point was tried before is drawn again, since a program
is judged alike each time.

It asks no model. This module does *not* know what a point is: the space does.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from corpus.objectives import fittest, named_objectives
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from generator.spaces.contract import Space
from generator.spaces.proposing import proposed
from generator.strategies.contract import Bench, Conversation, Strategy
from generator.strategies.ranked import RankedSettings

REDRAWS = 16
"""How often a child that was tried before is drawn again, before it is proposed all the same."""

_PARENT = Decision(what="parent", by=DecidedBy.RULE)
_EDIT = Decision(what="edit", by=DecidedBy.CHANCE)
_SAMPLE = Decision(what="program", by=DecidedBy.CHANCE)


class Settings(RankedSettings):
    """The table `[strategy.settings]` of regularised evolution."""

    population: int = Field(default=32, ge=2)
    """Trials that may become parents: the newest ones."""

    tournament: int = Field(default=8, ge=1)
    """Members drawn at random for each child, of which the best becomes its parent."""

    batch: int = Field(default=8, ge=1)
    """Children proposed at a time; their parents are chosen before any of them is judged."""

    @model_validator(mode="after")
    def _a_tournament_fits_into_the_population(self) -> Settings:
        if self.tournament > self.population:
            raise ValueError(f"tournament ({self.tournament}) must be at most population ({self.population})")
        return self


class Member(NamedTuple):
    """One of the population: a point, and what became of it."""

    point: Any
    trial: Trial


class Evolution(Strategy):
    """Evolves a population of points."""

    name = "evolution"

    def __init__(self, settings: Settings, space: Space[Any]) -> None:
        """Evolve over `space`."""
        self._settings, self._space = settings, space
        self._objectives, self._caps = named_objectives(settings.objective), settings.caps

    def search(self, bench: Bench) -> Conversation:
        """Draw the first population, then mutate the winners of tournaments for ever."""
        rng, space, settings = bench.rng("evolution"), self._space, self._settings
        first = [space.sample(rng) for _ in range(settings.population)]
        trials = yield [proposed(space, point, operator="sample", decisions=(_SAMPLE,)) for point in first]
        population = deque(map(Member, first, trials), maxlen=settings.population)
        tried = {space.key(point) for point in first}
        while True:
            children = [self._child(population, tried, rng) for _ in range(settings.batch)]
            trials = yield [proposal for _, proposal in children]
            population.extend(
                Member(point, trial) for (point, _), trial in zip(children, trials, strict=True)
            )

    def _child(self, population: deque[Member], tried: set[str], rng: random.Random) -> tuple[Any, Proposal]:
        """Return a child of a tournament's winner; its key counts as tried from now on."""
        drawn = rng.sample(list(population), min(self._settings.tournament, len(population)))
        parent = drawn[fittest([each.trial.evaluation for each in drawn], self._objectives, self._caps)[0]]
        point, operator = next(self._new(parent.point, tried, rng))
        tried.add(self._space.key(point))
        parents = (parent.trial.candidate.id,)
        return point, proposed(
            self._space, point, operator=operator, decisions=(_PARENT, _EDIT), parents=parents
        )

    def _new(self, parent: Any, tried: set[str], rng: random.Random) -> Iterator[tuple[Any, str]]:
        for _ in range(REDRAWS):
            child = self._space.mutate(parent, rng)
            if self._space.key(child[0]) not in tried:
                yield child
        yield self._space.mutate(parent, rng)


def build(settings: Settings, space: Space[Any]) -> Evolution:
    """Return the strategy over `space`."""
    return Evolution(settings, space)
