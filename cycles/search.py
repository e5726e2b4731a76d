"""The search: a strategy proposes, a model answers where it is asked, and the candidates are in the ledger.

It does *not* judge: what the strategy may know of earlier candidates, it reads from the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate, Origin
from corpus.records.prompts import Completion, Prompt, SamplingParameters
from generator.prompts.extraction import extract_program
from generator.samplers.contract import Sample, Sampler, in_order
from generator.strategies.contract import Draft, Strategy

Batch = Sequence[Prompt] | Sequence[Draft]


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

    def missing(self, cycle: int, count: int) -> dict[int, Batch]:
        """Return the batches of a cycle of `count` candidates that are not written yet, by their first index.

        A batch is written whole or not at all, and drawn again whole: its rows may depend on one another in
        the last bit of a matrix product.
        """
        proposals = self._proposals(cycle, count)
        written = {candidate.index for candidate in self.ledger.candidates(cycle=cycle)}
        return {
            first: proposals[first : first + self.batch_size]
            for first in range(0, len(proposals), self.batch_size)
            if first not in written
        }

    def write(
        self,
        cycle: int,
        first: int,
        batch: Batch,
        *,
        adapter: Path | None,
        adapter_hash: str | None,
        on_sample: Callable[[], None],
    ) -> None:
        """Append the candidates of one batch.

        Args:
            cycle: Their cycle.
            first: Index of the first of them within the cycle.
            batch: What they were proposed as.
            adapter: Folder of the adapter that the model has on, None for the base model.
            adapter_hash: Its content hash.
            on_sample: Called as each is finished.
        """
        candidates: list[Candidate] = []
        prompts = [proposal for proposal in batch if isinstance(proposal, Prompt)]
        if prompts:
            sampler = self.sampler()
            model = sampler.model_name
            for completion in _answered(sampler.sample(prompts, adapter), prompts, on_sample):
                candidates.append(
                    self._sampled(cycle, first + len(candidates), completion, model, adapter_hash)
                )
        for proposal in batch:
            if isinstance(proposal, Draft):
                candidates.append(self._drafted(cycle, first + len(candidates), proposal))
                on_sample()
        self.ledger.add_candidates(candidates)

    def _proposals(self, cycle: int, count: int) -> Batch:
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
            completion=completion.text,
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


def _answered(
    samples: Generator[Sample, None, None], prompts: Sequence[Prompt], on_sample: Callable[[], None]
) -> list[Sample]:
    """Return the completions in the order of `prompts`, telling of each as it is finished."""
    answered = []
    with closing(samples):
        for sample in samples:
            answered.append(sample)
            on_sample()
    return list(in_order(prompts, answered))
