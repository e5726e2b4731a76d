"""Phase 1 by rules: the seed that the search space is built around, looked for by another search.

It is what there is without a model, and where the Planner said nothing that could be used. What it finds is a
program like any other, of which the best that can be read as a tree becomes the seed. This module does *not*
cut it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Any

from corpus.objectives import fittest, named_objectives
from corpus.records.search.proposals import Proposal
from corpus.records.search.trials import Trial
from generator.spaces.contract import Space
from generator.strategies.agentnas.settings import Settings
from generator.strategies.contract import Bench, Conversation
from generator.strategies.evolution import Evolution
from generator.strategies.evolution import Settings as EvolutionSettings

_POPULATION = 16
_BATCH = 4

Seeking = Generator[list[Proposal], list[Trial], list[Trial]]


class Patience:
    """Counts valid trials in a row that are no better than the best before; failures do not count.

    Attributes:
        most: How many there may be.
        waited: How many there are.
    """

    def __init__(self, settings: Settings) -> None:
        self.most, self.waited = settings.scaled(settings.patience), 0
        self._best = 0.0

    @property
    def over(self) -> bool:
        """Whether there are as many as there may be."""
        return self.waited >= self.most

    def hear(self, trials: Iterable[Trial]) -> None:
        """Take in what became of a batch, in its order."""
        for accuracy in (trial.accuracy for trial in trials if trial.accuracy is not None):
            self.waited = 0 if accuracy > self._best else self.waited + 1
            self._best = max(self._best, accuracy)


def sought(bench: Bench, space: Space[Any], settings: Settings, left: int) -> Seeking:
    """Search by regularised evolution over a space, and return the trials, the best of them first.

    It ends when so many attempts are used up, or its patience with valid programs that are no better.
    """
    patience = Patience(settings)
    population = min(_POPULATION, left)
    chosen = EvolutionSettings(
        population=population, tournament=min(settings.tournament, population), batch=min(_BATCH, left)
    )
    conversation: Conversation = Evolution(chosen, space).search(bench)
    trials: list[Trial] = []
    batch = next(conversation)
    while True:
        heard = yield batch[:left]
        trials += heard
        left -= len(heard)
        patience.hear(heard)
        if left == 0 or patience.over:
            return list(ranked(trials, settings))
        batch = conversation.send(heard)


def ranked(trials: list[Trial], settings: Settings) -> Iterator[Trial]:
    """Yield the valid trials, the best first."""
    order = fittest(
        [trial.evaluation for trial in trials], named_objectives(settings.objective), settings.caps
    )
    yield from (trials[place] for place in order if trials[place].evaluation.valid)
