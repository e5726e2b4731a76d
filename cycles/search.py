"""The search: a strategy proposes, a model answers where it is asked, and the candidates are in the ledger.

A batch is written whole or not at all and drawn again whole, since its rows may depend on one another in the
last bit of a matrix product. Where each prompt is answered by itself (`Sampler.answers_by_batch`), what was
answered before a batch broke off is kept, and only the rest is asked again.

It does *not* judge: what the strategy may know of earlier candidates, it reads from the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate, Origin
from corpus.records.prompts import Completion, Prompt, SamplingParameters
from generator.prompts.extraction import extract_program
from generator.samplers.contract import Sample, Sampler
from generator.strategies.contract import Draft, Strategy

Batch = Mapping[int, Prompt | Draft]
"""Proposals by their index within the cycle."""


@dataclass
class Search:
    """Brings the candidates of a cycle into the ledger, one batch and one transaction at a time.

    Attributes:
        ledger: Where prompts and candidates are appended.
        strategy: Who proposes.
        sampler: Returns who answers prompts, loaded when it is first asked for.
        sampling: How answers are drawn.
        batch_size: Proposals in a batch.
        generator_hash: Returns the content hash of the base model's weights, None where none are here.
        machine_id: The machine that writes, None where nobody notes it.
    """

    ledger: LedgerWriter
    strategy: Strategy
    sampler: Callable[[], Sampler]
    sampling: SamplingParameters
    batch_size: int
    generator_hash: Callable[[], str | None]
    machine_id: str | None

    def missing(self, cycle: int, count: int) -> list[Batch]:
        """Return what is not written yet of a cycle of `count` candidates, in batches."""
        proposals = self._proposals(cycle, count)
        written = {candidate.index for candidate in self.ledger.candidates(cycle=cycle)}
        batches = (
            range(first, min(first + self.batch_size, len(proposals)))
            for first in range(0, len(proposals), self.batch_size)
        )
        left = ({place: proposals[place] for place in batch if place not in written} for batch in batches)
        return [batch for batch in left if batch]

    def write(
        self,
        cycle: int,
        batch: Batch,
        *,
        adapter: Path | None,
        adapter_hash: str | None,
        on_sample: Callable[[], None],
    ) -> None:
        """Append the candidates of one batch.

        Args:
            cycle: Their cycle.
            batch: What they were proposed as.
            adapter: Folder of the adapter that the model has on, None for the base model.
            adapter_hash: Its content hash.
            on_sample: Called as each is finished.
        """
        prompts = {place: each for place, each in batch.items() if isinstance(each, Prompt)}
        if prompts:
            self._write_answers(cycle, prompts, adapter, adapter_hash, on_sample)
        drafts = {place: each for place, each in batch.items() if isinstance(each, Draft)}
        self.ledger.add_candidates([self._drafted(cycle, *each) for each in drafts.items()])
        for _ in drafts:
            on_sample()

    def _write_answers(
        self,
        cycle: int,
        prompts: Mapping[int, Prompt],
        adapter: Path | None,
        adapter_hash: str | None,
        on_sample: Callable[[], None],
    ) -> None:
        sampler = self.sampler()
        model, samples = sampler.model_name, dict[str, Sample]()
        try:
            with closing(sampler.sample(list(prompts.values()), adapter)) as arriving:
                for sample in arriving:
                    samples[sample.prompt_id] = sample
                    on_sample()
            if len(samples) != len(prompts):
                raise ValueError(f"the sampler gave {len(samples)} completions for {len(prompts)} prompts")
        finally:
            if len(samples) == len(prompts) or not sampler.answers_by_batch:
                self.ledger.add_candidates(
                    [
                        self._sampled(cycle, place, samples[prompt.id], model, adapter_hash)
                        for place, prompt in prompts.items()
                        if prompt.id in samples
                    ]
                )

    def _proposals(self, cycle: int, count: int) -> Sequence[Prompt | Draft]:
        """Return what was proposed for a cycle: prompts are kept, and other proposals come out the same."""
        if kept := self.ledger.prompts(cycle):
            return kept
        proposed = self.strategy.propose(self.ledger, cycle, count)
        prompts = [proposal for proposal in proposed if isinstance(proposal, Prompt)]
        if prompts:
            self.ledger.add_prompts(cycle, prompts)
        return proposed

    def _sampled(
        self, cycle: int, index: int, completion: Completion, model: str, adapter_hash: str | None
    ) -> Candidate:
        return Candidate(
            id=candidate_id(cycle, index),
            origin=Origin.SAMPLED,
            source=extract_program(completion.text),
            completion=completion.text if completion.refusal is None else completion.refusal,
            finish_reason=completion.finish_reason,
            token_count=completion.token_count,
            prompt_id=completion.prompt_id,
            cycle=cycle,
            index=index,
            generator=model,
            generator_hash=self.generator_hash(),
            adapter_hash=adapter_hash,
            machine_id=self.machine_id,
            sampling=self.sampling,
        )

    def _drafted(self, cycle: int, index: int, draft: Draft) -> Candidate:
        return Candidate(
            id=candidate_id(cycle, index),
            origin=Origin.SAMPLED,
            source=draft.source,
            completion=draft.source,
            cycle=cycle,
            index=index,
            generator=draft.author,
            seed=draft.seed,
            machine_id=self.machine_id,
        )


def candidate_id(cycle: int, index: int) -> str:
    """Return the id of a candidate by its place: `c003/0017`."""
    return f"c{cycle:03d}/{index:04d}"
