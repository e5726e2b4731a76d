"""The writer: a batch of proposals becomes candidates in the ledger, its prompts answered by the model.

Answers come in batches that are written whole or not at all and drawn again whole, since their rows may
depend on one another in the last bit of a matrix product. Where each prompt is answered by itself
(`Sampler.answers_by_batch`), what was answered before a batch broke off is kept, and only the rest is asked
again.

An answer whose design its cycle has written before may be drawn again (`redraws`): its program would be
judged for the sake of a few other numbers. So may one that builds no network (`builds`). An edit never is. Of
several samples the best may be taken (`choosing`). Then too a batch is written whole or not at all.

To ask reads and writes no ledger once it has begun, so that it may run in a thread of its own, ahead of the
judge (`ahead`); only the loop's own thread records. This module does *not* choose what is proposed, or judge.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate, Origin
from corpus.records.prompts import Prompt, SamplingParameters
from corpus.records.search.proposals import Proposal
from cycles.bench import InForce
from cycles.run.answers import Answer, Builds, Choosing, designs_of, redraw, take_best
from cycles.run.background import Background
from generator.edits.asking import read_answer
from generator.prompts.asides import ASIDES
from generator.samplers.contract import Sampler

_AHEAD = 1
"""Pieces that wait to be judged when the next batch is asked for. Our choice: the model is never idle while
the judge is behind by less than a batch, and little is asked in vain where a run ends early."""


@dataclass
class Writer:
    """Brings candidates into the ledger, each piece of them in one transaction.

    Attributes:
        ledger: Where candidates are appended.
        sampler: Returns who answers prompts, loaded when it is first asked for.
        sampling: How answers are drawn.
        batch_size: Prompts answered at a time.
        in_force: The adapter that the model has on in a cycle.
        generator_hash: Returns the content hash of the base model's weights, None where none are here.
        machine_id: The machine that writes, None where nobody notes it.
        redraws: How often an answer is drawn again whose design its cycle has written before.
        builds: Finds what builds no network, to be drawn again too; None where that is judged.
        choosing: Returns how one of several samples is taken in a cycle, None while one is drawn; it is asked
            before anything is, and may read the ledger. None where one is always drawn.
    """

    ledger: LedgerWriter
    sampler: Callable[[], Sampler]
    sampling: SamplingParameters
    batch_size: int
    in_force: InForce
    generator_hash: Callable[[], str | None]
    machine_id: str | None
    redraws: int = 0
    builds: Builds | None = None
    choosing: Callable[[int], Choosing | None] | None = None

    def streams(self, proposals: Mapping[int, Proposal]) -> bool:
        """Return whether some of the candidates of `proposals` are there before others."""
        prompts = _prompts(proposals)
        if len({place // self.batch_size for place in prompts}) > 1:
            return True
        return len(prompts) > 1 and not self._whole_batches()

    def write(
        self, cycle: int, proposals: Mapping[int, Proposal], on_written: Callable[[], None]
    ) -> Iterator[None]:
        """Append the candidates of proposals, batch by batch; yield after each, when all is in the ledger.

        Args:
            cycle: Their cycle.
            proposals: The proposals by their places within the cycle, in order.
            on_written: Called as each program is there, also within a batch that is not in the ledger yet.
        """
        texts = self._add_texts(cycle, proposals)
        for _ in texts:
            on_written()
        if texts:
            yield
        for batch in self._asked(cycle, proposals, on_written):
            for piece in batch:
                self.ledger.add_candidates(piece)
            yield

    @contextmanager
    def ahead(
        self, cycle: int, proposals: Mapping[int, Proposal]
    ) -> Iterator[tuple[Iterator[Sequence[Candidate]], Background[list[Candidate]]]]:
        """Answer prompts in a thread while the block takes the candidates, each in the ledger by then.

        Args:
            cycle: Their cycle.
            proposals: The proposals by their places within the cycle, in order.

        Yields:
            The candidates as they come, none where none came in a short while; and the thread. What it raises
            is raised where candidates are taken. Where the block breaks off, what was answered is kept.
        """
        texts = self._add_texts(cycle, proposals)
        with Background(self._asked(cycle, proposals), _AHEAD) as answering:
            try:
                yield chain([texts], map(self._added, answering)), answering
            except Exception:
                for piece in answering.stop():
                    self._added(piece)
                raise

    def _added(self, piece: list[Candidate] | None) -> Sequence[Candidate]:
        if piece is not None:
            self.ledger.add_candidates(piece)
        return piece or ()

    def _add_texts(self, cycle: int, proposals: Mapping[int, Proposal]) -> list[Candidate]:
        """Append the candidates whose programs were proposed as such."""
        texts = [
            self._written(cycle, place, each)
            for place, each in proposals.items()
            if not isinstance(each.program, Prompt)
        ]
        if texts:
            self.ledger.add_candidates(texts)
        return texts

    def _asked(
        self, cycle: int, proposals: Mapping[int, Proposal], on_written: Callable[[], None] = lambda: None
    ) -> Iterator[Iterator[list[Candidate]]]:
        """Return the answers to all prompts, batch by batch as an unbroken run asks them.

        What is known of the ledger is read here and now; iterating reads and writes none.

        Returns:
            For each batch its candidates in pieces: one, or where nothing in it depends on the rest, each.
        """
        batches: dict[int, dict[int, Prompt]] = {}
        for place, prompt in _prompts(proposals).items():
            batches.setdefault(place // self.batch_size, {})[place] = prompt
        if not batches:
            return iter(())
        adapter, adapter_hash = self.in_force(cycle)
        sampler, whole = self.sampler(), self._whole_batches()
        earlier = self.ledger.candidates(cycle=cycle, origin=Origin.SAMPLED) if self.redraws else ()
        designs, choosing = designs_of(earlier), self.choosing and self.choosing(cycle)

        def answered(prompts: Mapping[int, Prompt]) -> Iterator[list[Candidate]]:
            model, answers = sampler.model_name, dict[str, Answer]()
            places = {prompt.id: place for place, prompt in prompts.items()}

            def candidates(answered: Iterable[str]) -> list[Candidate]:
                rows = ((places[each], answers[each]) for each in answered)
                return [
                    self._sampled(cycle, place, proposals[place], answer, model, adapter_hash)
                    for place, answer in rows
                ]

            with closing(sampler.sample(list(prompts.values()), adapter)) as arriving:
                for sample in arriving:
                    answers[sample.prompt_id] = Answer(sample)
                    on_written()
                    if not whole:
                        yield candidates([sample.prompt_id])
            if len(answers) != len(prompts):
                raise ValueError(f"the sampler gave {len(answers)} completions for {len(prompts)} prompts")
            again = functools.partial(sampler.sample, adapter=adapter)
            if choosing is not None:
                take_best(prompts.values(), answers, choosing, again)
            redraw(prompts.values(), answers, designs, self.redraws, again, self.builds)
            if whole:
                written = candidates(places)
                designs.update(designs_of(written) if self.redraws else ())
                yield written

        return map(answered, batches.values())

    def _whole_batches(self) -> bool:
        """Return whether a batch is kept whole or not at all."""
        return self.sampler().answers_by_batch or self.redraws > 0 or self.choosing is not None

    def _sampled(
        self,
        cycle: int,
        index: int,
        proposal: Proposal,
        answer: Answer,
        model: str,
        adapter_hash: str | None,
    ) -> Candidate:
        completion, provenance = answer.sample, _noted(proposal, answer.sample.text)
        if answer.taken is not None:
            provenance["decisions"] += (answer.taken,)
        return Candidate(
            id=candidate_id(cycle, index),
            origin=Origin.SAMPLED,
            source=_meant(proposal, completion.text),
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
            **provenance,
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


def _meant(proposal: Proposal, answer: str) -> str | None:
    """Return the program that the answer to a proposal means, None where there is none."""
    prompt = proposal.program
    return read_answer(prompt, answer).program if isinstance(prompt, Prompt) else None


def _noted(proposal: Proposal, answer: str) -> dict[str, Any]:
    """Return the provenance of an answer: its proposal's, and what it says beside its program."""
    noted, prompt = proposal.provenance(), proposal.program
    if isinstance(prompt, Prompt):
        noted |= {name: each.said(answer) for name, each in ASIDES.items() if each.asked(prompt.messages)}
    return noted


def _prompts(proposals: Mapping[int, Proposal]) -> dict[int, Prompt]:
    """Return the proposals that are prompts, by place."""
    return {place: each.program for place, each in proposals.items() if isinstance(each.program, Prompt)}


def candidate_id(cycle: int, index: int) -> str:
    """Return the id of a candidate by its place: `c003/0017`."""
    return f"c{cycle:03d}/{index:04d}"
