"""The guard against collapse: a new adapter writes a few programs, which are built but not trained.

A fine-tuning can ruin a model while its loss falls. So the new adapter and the one before it answer the same
prompts with the same seeds; if fewer than half as many of its programs build, it is rolled back: the one
before it writes on, and a training that continues one continues that. The verdict is a fact of the ledger,
settled once, so that a run that resumes goes by it.

What builds need not learn, and programs that are all alike build as well: the guard does *not* see a model
that only grew worse, or that says one thing over and over. It goes by two samples of a few programs, so that
of two equal adapters one is rolled back now and then: in 1 of 100 cases at 24 programs of which half build.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.base import derive_seed
from corpus.records.prompts import Message, Prompt
from corpus.records.trainings import Verdict
from cycles.bench import Sandbox
from generator.edits.asking import read_answer
from generator.prompts.templates import TemplateName
from generator.samplers.contract import Sampler


@dataclass(frozen=True)
class Guard:
    """Compares a new adapter with the one before it.

    Attributes:
        ledger: Where prompts are read and verdicts appended.
        programs: Programs that each adapter writes.
        template: The prompt template of the run.
        request: The run's plain request, asked where the cycle before asked nothing.
        seed: The run's seed.
        sampler: Returns who answers prompts.
        sandbox: Returns who builds programs.
    """

    ledger: LedgerWriter
    programs: int
    template: TemplateName
    request: tuple[Message, ...]
    seed: int
    sampler: Callable[[], Sampler]
    sandbox: Callable[[], Sandbox]

    def settle(self, cycle: int, before: Path | None, after: Path) -> Verdict:
        """Compare two adapters at the prompts of the cycle before `cycle`, and record the verdict.

        Args:
            cycle: The cycle that the new adapter was made for.
            before: The adapter before it, None for the base model.
            after: The new adapter.
        """
        plain = Prompt(id="", strategy="guard", template=self.template, messages=self.request, seed=0)
        asked = self.ledger.prompts(cycle - 1) or [plain]
        prompts = [
            asked[place % len(asked)].model_copy(
                update={
                    "id": f"g{cycle:03d}/p{place:04d}",
                    "seed": derive_seed(self.seed, "guard", cycle, place),
                }
            )
            for place in range(self.programs)
        ]
        verdict = Verdict(
            programs=self.programs,
            before=self._building(prompts, before),
            after=self._building(prompts, after),
        )
        self.ledger.set_meta(_key(cycle), verdict.model_dump_json())
        return verdict

    def _building(self, prompts: Sequence[Prompt], adapter: Path | None) -> int:
        """Return how many of the programs that answer `prompts` build."""
        asked = {prompt.id: prompt for prompt in prompts}
        with closing(self.sampler().sample(prompts, adapter)) as samples:
            written = [read_answer(asked[sample.prompt_id], sample.text).program for sample in samples]
        sources = [source for source in written if source is not None]
        return sum(probe.passed for probe in self.sandbox().probe(sources)) if sources else 0


def verdict_of(ledger: Ledger, cycle: int) -> Verdict | None:
    """Return what the guard found of the adapter made for `cycle`, None where it was not asked."""
    text = ledger.get_meta(_key(cycle))
    return None if text is None else Verdict.model_validate_json(text)


def rolled_back(ledger: Ledger, cycle: int) -> bool:
    """Return whether the adapter made for `cycle` is not used."""
    verdict = verdict_of(ledger, cycle)
    return verdict is not None and verdict.rolled_back


def _key(cycle: int) -> str:
    return f"guard/c{cycle:03d}"
