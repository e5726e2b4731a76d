"""Who is changed next: the fittest by rank and crowding, in tournaments of two.

That parents are ranked as in NSGA-II over accuracy, parameters and FLOPs, and that those below the median of
parameters are scaled up while the others are tuned, is from notes on the full paper. The tournament is that
of NSGA-II (Deb et al. 2002); over how many networks is ours. This module does *not* change anything.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from corpus.objectives import fittest, named_objectives
from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy
from corpus.records.search.trials import Trial
from generator.strategies.fairnad.settings import Settings
from generator.trees.nodes import Tree


class Member(NamedTuple):
    """A network that was judged.

    Attributes:
        tree: It.
        trial: What became of it.
        probe: What the sandbox said of it before.
    """

    tree: Tree
    trial: Trial
    probe: Probe

    @property
    def id(self) -> str:
        """Its id in the ledger."""
        return self.trial.candidate.id

    @property
    def accuracy(self) -> float:
        """Its validation accuracy in [0, 1], 0 where it is not valid."""
        return self.trial.accuracy or 0.0

    @property
    def parameters(self) -> int:
        """Its trainable parameters, as built."""
        return self.probe.parameters or 0


class Population:
    """All networks of a search, fittest first."""

    def __init__(self, settings: Settings) -> None:
        """Start with none."""
        self._settings, self._objectives = settings, named_objectives(settings.objective)
        self._ranked: list[Member] = []
        self.chosen_by = DecidedBy.RULE if settings.parents == "pareto" else DecidedBy.CHANCE

    @property
    def ranked(self) -> Sequence[Member]:
        """The valid ones, fittest first; all while none is valid."""
        return [each for each in self._ranked if each.trial.evaluation.valid] or self._ranked

    def add(self, members: Sequence[Member]) -> None:
        """Take in networks that were judged."""
        known = [*self._ranked, *members]
        evaluations = [each.trial.evaluation for each in known]
        order = fittest(evaluations, self._objectives, self._settings.caps)
        self._ranked = [known[place] for place in order]

    def parent(self, rng: random.Random) -> Member:
        """Return who is changed next; of two that are drawn, the fitter."""
        ranked = self.ranked
        if self._settings.parents == "random":
            return rng.choice(ranked)
        among = min(self._settings.population, len(ranked))
        return ranked[min(rng.randrange(among), rng.randrange(among))]

    def scales_up(self, member: Member, rng: random.Random) -> bool:
        """Return whether a parent is scaled up: below the median of the judged; a coin for random parents."""
        if self._settings.parents == "random":
            return rng.random() < 0.5
        return member.parameters < median(each.parameters for each in self.ranked)
