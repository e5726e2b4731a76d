"""The closed loop as a strategy, the paper's own: every prompt of a cycle asks for the same thing.

Exemplars may go with it; all the learning is in the adapter. This module does *not* sample, evaluate or
admit.
"""

from __future__ import annotations

import random

from corpus.records.base import derive_seed
from corpus.records.prompts import Prompt
from generator.prompts.templates import ProgramRequest, TemplateName, render
from generator.strategies.contract import AdmittedPrograms


class ClosedLoop:
    """Asks for the same program again and again, with a sampling seed and exemplars of its own each time."""

    name = "closed-loop"

    def __init__(self, request: ProgramRequest, *, template: TemplateName, exemplars: int, seed: int) -> None:
        """Ask for `request` under `template`, with up to `exemplars` programs in each prompt."""
        self._request = request
        self._template = template
        self._exemplars = exemplars
        self._seed = seed

    def propose(self, known: AdmittedPrograms | None, cycle: int, count: int) -> list[Prompt]:
        """Return the prompts of `cycle`; exemplars come from the stronger half of the admitted."""
        pool = self._exemplar_pool(known)
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

    def _exemplar_pool(self, known: AdmittedPrograms | None) -> list[tuple[str, str, float]]:
        if known is None or not self._exemplars:
            return []
        scored = [
            (candidate.id, candidate.source, evaluation.accuracy)
            for candidate, evaluation in known.admitted()
            if candidate.source is not None and evaluation is not None and evaluation.accuracy is not None
        ]
        scored.sort(key=lambda row: (-row[2], row[0]))
        return scored[: max(self._exemplars, len(scored) // 2)]
