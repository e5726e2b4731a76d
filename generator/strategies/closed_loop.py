"""The closed loop as a strategy, the paper's own: every prompt of a cycle asks for the same thing.

Exemplars may go with it; all the learning is in the adapter. This module does *not* sample, evaluate or
admit.
"""

from __future__ import annotations

import random
from typing import Any

from pydantic import BaseModel, ConfigDict

from corpus.records.prompts import Prompt
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from generator.prompts.templates import render
from generator.spaces.contract import Space
from generator.strategies.contract import Bench, Conversation, Strategy


class Settings(BaseModel):
    """The closed loop has no settings: what a prompt shows is a matter of `[generator]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ClosedLoop(Strategy):
    """Asks for the same program again and again, with a sampling seed and exemplars of its own each time."""

    name = "closed-loop"

    def search(self, bench: Bench) -> Conversation:
        """Ask for a whole cycle at a time, since the generator learns between cycles alone."""
        while True:
            pool = bench.exemplars(bench.exemplar_count) if bench.exemplar_count else []
            places = range(bench.index, bench.index + bench.room)
            yield [self._asked(bench, index, pool) for index in places]

    def _asked(self, bench: Bench, index: int, pool: list[Trial]) -> Proposal:
        seed = bench.seed("prompt", bench.cycle, index)
        chosen = random.Random(seed).sample(pool, min(bench.exemplar_count, len(pool)))
        shown = [(trial.candidate.source or "", trial.accuracy or 0.0) for trial in chosen]
        prompt = Prompt(
            id=f"c{bench.cycle:03d}/p{index:04d}",
            strategy=self.name,
            template=bench.template,
            messages=render(bench.template, bench.request, shown),
            exemplar_ids=tuple(trial.candidate.id for trial in chosen),
            seed=seed,
        )
        decided = Decision(what="program", by=DecidedBy.MODEL)
        return Proposal(program=prompt, operator="ask", decisions=(decided,))


def build(_settings: Settings, _space: Space[Any] | None) -> ClosedLoop:
    """Return the strategy."""
    return ClosedLoop()
