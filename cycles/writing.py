"""The writer: a batch of proposals becomes candidates in the ledger, its prompts answered by the model.

Answers come in batches that are written whole or not at all and drawn again whole, since their rows may
depend on one another in the last bit of a matrix product. Where each prompt is answered by itself
(`Sampler.answers_by_batch`), what was answered before a batch broke off is kept, and only the rest is asked
again.

An answer whose design its cycle has written before may be drawn again (`redraws`): its program would be
judged for the sake of a few other numbers. Then too a batch is written whole or not at all.

This module does *not* choose what is proposed, or judge.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.diversity import skeleton
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate, Origin
from corpus.records.prompts import Completion, Prompt, SamplingParameters
from corpus.records.search.proposals import Proposal
from cycles.bench import InForce
from generator.prompts.extraction import extract_program
from generator.samplers.contract import Sample, Sampler


class _Answer(NamedTuple):
    """A completion, and the seed that it was drawn with where that is not its prompt's own."""

    sample: Sample
    seed: int | None = None


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
        redraws: How often an answer is drawn again whose design its cycle has written before.
    """

    ledger: LedgerWriter
    sampler: Callable[[], Sampler]
    sampling: SamplingParameters
    batch_size: int
    in_force: InForce
    generator_hash: Callable[[], str | None]
    machine_id: str | None
    redraws: int = 0

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
        model, answers, whole = sampler.model_name, dict[str, _Answer](), False
        try:
            with closing(sampler.sample(list(prompts.values()), adapter)) as arriving:
                for sample in arriving:
                    answers[sample.prompt_id] = _Answer(sample)
                    on_written()
            if len(answers) != len(prompts):
                raise ValueError(f"the sampler gave {len(answers)} completions for {len(prompts)} prompts")
            if self.redraws:
                designs = self._designs(cycle)
                self._redraw(prompts.values(), answers, designs, lambda again: sampler.sample(again, adapter))
            whole = True
        finally:
            if whole or not (sampler.answers_by_batch or self.redraws):
                self.ledger.add_candidates(
                    [
                        self._sampled(cycle, place, batch[place], answers[prompt.id], model, adapter_hash)
                        for place, prompt in prompts.items()
                        if prompt.id in answers
                    ]
                )

    def _redraw(
        self,
        prompts: Collection[Prompt],
        answers: dict[str, _Answer],
        designs: Collection[str],
        draw: Callable[[list[Prompt]], Generator[Sample, None, None]],
    ) -> None:
        """Draw again, as often as is allowed, what repeats one of `designs` or an answer before it."""
        for number in range(1, self.redraws + 1):
            again = {prompt.id: _redrawn(prompt, number) for prompt in _repeats(prompts, answers, designs)}
            if not again:
                break
            with closing(draw(list(again.values()))) as arriving:
                for sample in arriving:
                    spent = answers[sample.prompt_id].sample.token_count + sample.token_count
                    counted = sample.model_copy(update={"token_count": spent})
                    answers[sample.prompt_id] = _Answer(counted, again[sample.prompt_id].seed)

    def _designs(self, cycle: int) -> set[str]:
        """Return the designs of the programs that a cycle has written so far."""
        written = self.ledger.candidates(cycle=cycle, origin=Origin.SAMPLED)
        return {skeleton(each.source) for each in written if each.source is not None}

    def _sampled(
        self,
        cycle: int,
        index: int,
        proposal: Proposal,
        answer: _Answer,
        model: str,
        adapter_hash: str | None,
    ) -> Candidate:
        completion = answer.sample
        return Candidate(
            id=candidate_id(cycle, index),
            origin=Origin.SAMPLED,
            source=extract_program(completion.text),
            completion=completion.text if completion.refusal is None else completion.refusal,
            finish_reason=completion.finish_reason,
            token_count=completion.token_count,
            prompt_id=completion.prompt_id,
            seed=answer.seed,
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


def _design(completion: Completion) -> str | None:
    """Return the skeleton of the program in an answer, None where there is no program."""
    source = extract_program(completion.text)
    return None if source is None else skeleton(source)


def _repeats(
    prompts: Iterable[Prompt], answers: Mapping[str, _Answer], designs: Collection[str]
) -> list[Prompt]:
    """Return the prompts whose answers have a design that is there already, or that one before them has."""
    known, repeats = set(designs), []
    for prompt in prompts:
        design = _design(answers[prompt.id].sample)
        if design in known:
            repeats.append(prompt)
        elif design is not None:
            known.add(design)
    return repeats


def _redrawn(prompt: Prompt, number: int) -> Prompt:
    """Return a prompt as it is asked for the `number`-th time again: with another seed."""
    return prompt.model_copy(update={"seed": derive_seed(prompt.seed, "again", number)})


def candidate_id(cycle: int, index: int) -> str:
    """Return the id of a candidate by its place: `c003/0017`."""
    return f"c{cycle:03d}/{index:04d}"
