"""The writer: a batch of proposals becomes candidates in the ledger, its prompts answered by the model.

Answers come in batches that are written whole or not at all and drawn again whole, since their rows may
depend on one another in the last bit of a matrix product. Where each prompt is answered by itself
(`Sampler.answers_by_batch`), what was answered before a batch broke off is kept, and only the rest is asked
again.

This module does *not* choose what is proposed, or judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate, Origin
from corpus.records.prompts import Completion, Prompt, SamplingParameters
from corpus.records.search.proposals import Proposal
from cycles.bench import InForce
from generator.prompts.extraction import extract_program
from generator.samplers.contract import Sample, Sampler


@dataclass
class Writer:
    """Brings candidates into the ledger, one batch and one transaction at a time.

    Attributes:
        ledger: Where candidates are appended.
        sampler: Returns who answers prompts, loaded when it is first asked for.
        sampling: How answers are drawn.
        batch_size: Prompts answered at a time.
        in_force: The adapter that the model has on in a cycle.
        generator_hash: Returns the content hash of the base model's weights, None where none are here.
        machine_id: The machine that writes, None where nobody notes it.
    """

    ledger: LedgerWriter
    sampler: Callable[[], Sampler]
    sampling: SamplingParameters
    batch_size: int
    in_force: InForce
    generator_hash: Callable[[], str | None]
    machine_id: str | None

    def write(
        self, cycle: int, proposals: Mapping[int, Proposal], on_written: Callable[[], None]
    ) -> Iterator[None]:
        """Append the candidates of proposals, batch by batch; yield after each, when all is in the ledger.

        Args:
            cycle: Their cycle.
            proposals: The proposals by their places within the cycle, in order.
            on_written: Called as each program is there, also within a batch that is not in the ledger yet.
        """
        texts = {place: each for place, each in proposals.items() if not isinstance(each.program, Prompt)}
        if texts:
            self.ledger.add_candidates([self._written(cycle, *each) for each in texts.items()])
            for _ in texts:
                on_written()
            yield
        for batch in self._prompt_batches(proposals):
            self._answer(cycle, batch, on_written)
            yield

    def _prompt_batches(self, proposals: Mapping[int, Proposal]) -> list[dict[int, Proposal]]:
        """Return the proposals that are prompts, in the batches in which an unbroken run answers them."""
        batches: dict[int, dict[int, Proposal]] = {}
        for place, proposal in proposals.items():
            if isinstance(proposal.program, Prompt):
                batches.setdefault(place // self.batch_size, {})[place] = proposal
        return list(batches.values())

    def _answer(self, cycle: int, batch: Mapping[int, Proposal], on_written: Callable[[], None]) -> None:
        prompts = {place: each.program for place, each in batch.items() if isinstance(each.program, Prompt)}
        adapter, adapter_hash = self.in_force(cycle)
        sampler = self.sampler()
        model, samples = sampler.model_name, dict[str, Sample]()
        try:
            with closing(sampler.sample(list(prompts.values()), adapter)) as arriving:
                for sample in arriving:
                    samples[sample.prompt_id] = sample
                    on_written()
            if len(samples) != len(prompts):
                raise ValueError(f"the sampler gave {len(samples)} completions for {len(prompts)} prompts")
        finally:
            if len(samples) == len(prompts) or not sampler.answers_by_batch:
                self.ledger.add_candidates(
                    [
                        self._sampled(cycle, place, batch[place], samples[prompt.id], model, adapter_hash)
                        for place, prompt in prompts.items()
                        if prompt.id in samples
                    ]
                )

    def _sampled(
        self,
        cycle: int,
        index: int,
        proposal: Proposal,
        completion: Completion,
        model: str,
        adapter_hash: str | None,
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
            **proposal.provenance(),
        )

    def _written(self, cycle: int, index: int, proposal: Proposal) -> Candidate:
        source = proposal.program if isinstance(proposal.program, str) else None
        return Candidate(
            id=candidate_id(cycle, index),
            origin=Origin.SAMPLED,
            source=source,
            completion=source or "",
            cycle=cycle,
            index=index,
            generator=proposal.author,
            seed=proposal.seed,
            machine_id=self.machine_id,
            **proposal.provenance(),
        )


def candidate_id(cycle: int, index: int) -> str:
    """Return the id of a candidate by its place: `c003/0017`."""
    return f"c{cycle:03d}/{index:04d}"
