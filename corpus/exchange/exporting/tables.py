"""A ledger's rows for each configuration of an export, each with its split.

A program's split is its group's (`corpus.exchange.splits`). A row that also shows a prompt must not carry
exemplars from one split into another: it keeps its program's split only if every exemplar in the prompt lies
in that split or in train, and is `excluded` otherwise. So no row of train shows a program of validation or
test.

This module does *not* write files, and leaves nothing out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

from corpus.exchange.exporting.columns import EvaluationRow, ProgramRow, PromptRow, SftRow
from corpus.exchange.splits import text_id
from corpus.ledger.reader import Ledger
from corpus.ledger.rows import storable
from corpus.novelty.minhash import text_signature
from corpus.records.base import content_id
from corpus.records.candidates import Candidate, Origin
from corpus.records.chats import prefill, question
from corpus.records.exchange import NO_LICENCE, Split, SplitAssignment
from corpus.records.prompts import Message, Prompt
from corpus.records.tasks.kinds import Metric


class Tables:
    """The rows of one ledger.

    Attributes:
        candidates: By id, in the ledger's order.
        prompts: By id.
        licence: SPDX expression of the programs that were not imported.
        judged: Returns the text that was judged of a program as the ledger holds it.
    """

    def __init__(
        self,
        ledger: Ledger,
        splits: Mapping[str, SplitAssignment],
        licence: str = NO_LICENCE,
        judged: Callable[[str], str] = str,
    ) -> None:
        """Read what several configurations need; `splits` holds every text of the ledger."""
        self._ledger = ledger
        self._splits = splits
        self.licence, self.judged = licence, judged
        self.candidates = {candidate.id: candidate for candidate in ledger.candidates()}
        cycles = sorted({row.cycle for row in self.candidates.values() if row.cycle is not None})
        self.prompts: dict[str, Prompt] = {
            prompt.id: prompt for cycle in cycles for prompt in ledger.prompts(cycle)
        }

    def assignment(self, candidate: Candidate) -> SplitAssignment:
        """Return the frozen split of a candidate's program."""
        return self._splits[text_id(candidate)]

    def prompt_of(self, candidate: Candidate) -> Prompt | None:
        """Return the prompt that a candidate answers, None for programs that no prompt asked for."""
        return None if candidate.prompt_id is None else self.prompts[candidate.prompt_id]

    def answer_of(self, candidate: Candidate) -> tuple[Message, ...]:
        """Return a candidate's answer as one turn of the assistant, with what its prompt had begun."""
        prompt = self.prompt_of(candidate)
        begun = "" if prompt is None else prefill(prompt.messages)
        return (Message(role="assistant", content=begun + candidate.completion),)

    def program_splits(self) -> dict[str, Split]:
        """Return the split of every candidate's program, by the candidate's id."""
        return {candidate.id: self.assignment(candidate).split for candidate in self.candidates.values()}

    def split_with_prompt(self, candidate: Candidate) -> Split:
        """Return the split of a row that shows the candidate *and* its prompt."""
        split = self.assignment(candidate).split
        prompt = self.prompt_of(candidate)
        shown = () if prompt is None else prompt.exemplar_ids
        allowed = (split, Split.TRAIN)
        if all(self.assignment(self.candidates[name]).split in allowed for name in shown):
            return split
        return Split.EXCLUDED

    def programs(self) -> Iterator[ProgramRow]:
        """Yield every candidate."""
        admissions = {admission.candidate_id: admission for admission in self._ledger.admissions()}
        provenance = self._ledger.provenance()
        for candidate in self.candidates.values():
            prompt = self.prompt_of(candidate)
            admission = admissions.get(candidate.id)
            origin = provenance.get(candidate.id)
            assignment = self.assignment(candidate)
            decided = {} if admission is None else admission.model_dump(exclude={"candidate_id"})
            source = None if candidate.source is None else storable(self.judged(candidate.source))
            yield ProgramRow.model_validate(
                dict.fromkeys(ProgramRow.model_fields)
                | candidate.model_dump()
                | decided
                | {
                    "source": source,
                    "source_id": None if source is None else content_id(source),
                    "minhash": None if source is None else text_signature(source),
                    "seed": candidate.seed if prompt is None else prompt.seed,
                    "split": assignment.split,
                    "group_id": assignment.group_id,
                    "licence": self.licence if origin is None else origin.licence,
                    "imported_from": None if origin is None else origin.source,
                    "imported_path": None if origin is None else origin.location,
                }
            )

    def asked(self) -> Iterator[PromptRow]:
        """Yield every prompt that a candidate answers."""
        for candidate in self.candidates.values():
            prompt = self.prompt_of(candidate)
            if prompt is not None:
                yield PromptRow(**dict(prompt), split=self.split_with_prompt(candidate))

    def evaluations(self) -> Iterator[EvaluationRow]:
        """Yield every evaluation."""
        trials = self._ledger.imported_trials()
        for evaluation in self._ledger.evaluations():
            losses = tuple(loss if math.isfinite(loss) else None for loss in evaluation.losses)
            yield EvaluationRow.model_validate(
                evaluation.model_dump()
                | {
                    "losses": losses,
                    "metric": evaluation.metric,
                    "split": self.assignment(self.candidates[evaluation.candidate_id]).split,
                    "imported_detail": trials.get((evaluation.candidate_id, evaluation.protocol_id)),
                }
            )

    def sft(self) -> Iterator[SftRow]:
        """Yield the admitted samples."""
        for candidate, evaluation in self._ledger.admitted():
            prompt = self.prompt_of(candidate)
            if candidate.origin is Origin.SAMPLED and prompt is not None:
                yield SftRow(
                    candidate_id=candidate.id,
                    prompt=question(prompt.messages),
                    completion=self.answer_of(candidate),
                    accuracy=evaluation.accuracy if evaluation else None,
                    metric=evaluation.metric if evaluation else Metric.ACCURACY,
                    split=self.split_with_prompt(candidate),
                )


def sampling_settings(candidates: Iterable[Candidate]) -> list[str]:
    """Return the distinct sampling parameters of the candidates as JSON, sorted."""
    return sorted({row.sampling.model_dump_json() for row in candidates if row.sampling is not None})
