"""The closed loop as a strategy, the paper's own: every prompt of a cycle asks for the same thing.

Exemplars may go with it; all the learning is in the adapter. Where the run has design ideas, each prompt asks
for a network around one of them, drawn by the prompt's place alone. This module does *not* sample, evaluate
or admit, and a program may do without the idea that it was asked for.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from corpus.records.prompts import Prompt
from corpus.records.search.ideas import Idea
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from generator.ideas.sampling import Sampling, draw
from generator.ideas.told import Told
from generator.prompts.templates import Exemplar, render
from generator.spaces.contract import Space
from generator.strategies.contract import Bench, Conversation, Strategy


class Settings(BaseModel):
    """How ideas get into prompts, and how many prompts go at once.

    What else a prompt shows is a matter of `[generator]`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    sampling: Sampling = "fair"
    """How each prompt's idea is drawn: `fair`, a category first, then one of its sub-categories, then one of
    its ideas; or as a control `uniform` over the ideas. Of no effect without `strategy.ideas`."""

    batch: int | None = Field(default=None, ge=1)
    """Prompts handed in at a time; None for a whole cycle. Of use where strategies take turns, or where
    exemplars are to be the newest."""


class ClosedLoop(Strategy):
    """Asks for the same program again and again, with a sampling seed and exemplars of its own each time."""

    name = "closed-loop"
    remembers = False

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()

    def search(self, bench: Bench) -> Conversation:
        """Ask for a whole cycle at a time, since the generator learns between cycles alone."""
        while True:
            pool = bench.exhibits()
            size = min(self._settings.batch or bench.room, bench.room)
            places = range(bench.index, bench.index + size)
            yield [self._asked(bench, index, pool) for index in places]

    def _asked(self, bench: Bench, index: int, pool: list[Trial]) -> Proposal:
        seed = bench.seed("prompt", bench.cycle, index)
        chosen = bench.shown(pool, seed)
        idea = self._drawn(bench, index)
        request = bench.request if idea is None else bench.request.model_copy(update={"idea": idea.statement})
        prompt = Prompt(
            id=f"c{bench.cycle:03d}/p{index:04d}",
            strategy=self.name,
            template=bench.template,
            messages=render(bench.template, request, [Exemplar.of(trial) for trial in chosen]),
            exemplar_ids=tuple(trial.candidate.id for trial in chosen),
            seed=seed,
        )
        written = Decision(what="program", by=DecidedBy.MODEL)
        if idea is None:
            return Proposal(program=prompt, operator="ask", decisions=(written,))
        told = Told("prompt", idea.path, idea.id, {"by": "model"})
        drawn = Decision(what="idea", by=DecidedBy.CHANCE)
        return Proposal(program=prompt, operator="ask", idea=told.text(), decisions=(drawn, written))

    def _drawn(self, bench: Bench, index: int) -> Idea | None:
        """Return the idea of a prompt, None where the run has none."""
        if bench.ideas is None:
            return None
        return draw(bench.ideas, bench.rng("idea", bench.cycle, index), self._settings.sampling)


def build(settings: Settings, _space: Space[Any] | None) -> ClosedLoop:
    """Return the strategy."""
    return ClosedLoop(settings)
