"""Search strategies: who decides what the generator is asked for next.

A strategy turns what the corpus holds into prompts. `ClosedLoop` is the paper's own: every prompt of a
cycle asks for the same thing, optionally with exemplars, and all the learning is in the adapter.

A strategy does *not* sample, evaluate or admit.
"""

from __future__ import annotations

import random
from typing import Protocol

from corpus.records import Prompt, derive_seed
from corpus.store import Corpus
from generator.prompts import ProgramRequest, TemplateName, render


class Strategy(Protocol):
    """Proposes the prompts of a cycle."""

    name: str

    def propose(self, corpus: Corpus | None, cycle: int, count: int) -> list[Prompt]:
        """Return `count` prompts for `cycle`; equal corpora and seeds give equal prompts.

        Without a corpus the prompts hold no exemplars.
        """
        ...


class ClosedLoop:
    """Asks for the same program again and again, with a sampling seed and exemplars of its own each time."""

    name = "closed-loop"

    def __init__(self, request: ProgramRequest, *, template: TemplateName, exemplars: int, seed: int) -> None:
        """Ask for `request` under `template`, with up to `exemplars` programs in each prompt."""
        self._request = request
        self._template = template
        self._exemplars = exemplars
        self._seed = seed

    def propose(self, corpus: Corpus | None, cycle: int, count: int) -> list[Prompt]:
        """Return the prompts of `cycle`; exemplars come from the stronger half of the admitted."""
        pool = self._exemplar_pool(corpus)
        prompts = []
        for index in range(count):
            seed = derive_seed(self._seed, "prompt", cycle, index)
            chosen = random.Random(seed).sample(pool, min(self._exemplars, len(pool)))
            messages = render(self._template, self._request, [(source, score) for _, source, score in chosen])
            prompts.append(
                Prompt(
                    id=f"c{cycle:03d}/p{index:04d}",
                    strategy=self.name,
                    template=self._template,
                    messages=messages,
                    exemplar_ids=tuple(identifier for identifier, _, _ in chosen),
                    seed=seed,
                )
            )
        return prompts

    def _exemplar_pool(self, corpus: Corpus | None) -> list[tuple[str, str, float]]:
        if corpus is None or not self._exemplars:
            return []
        scored = [
            (candidate.id, candidate.source, evaluation.accuracy)
            for candidate, evaluation in corpus.admitted()
            if candidate.source is not None and evaluation is not None and evaluation.accuracy is not None
        ]
        scored.sort(key=lambda row: (-row[2], row[0]))
        return scored[: max(self._exemplars, len(scored) // 2)]
