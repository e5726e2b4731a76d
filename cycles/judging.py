"""The judge: a candidate is evaluated, compared with the corpus, and its judgement is in the ledger.

It does *not* sample, and it never sees the test split.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import AdmissionGate
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.search.trials import Trial


class Evaluator(Protocol):
    """Judges candidates; whatever they do, it returns an evaluation."""

    def evaluate(self, candidates: Iterable[Candidate]) -> Generator[Evaluation, None, None]:
        """Yield the evaluations in the order of the candidates; closing the iterator stops the work."""
        ...


@dataclass
class Judge:
    """Judges candidates in order, and decides on each before the next.

    Attributes:
        ledger: Where every judgement is appended, evaluation and admission together.
        gate: Who enters the corpus.
        evaluator: Returns the evaluator, started when it is first asked for.
        machine_id: The machine that judges.
    """

    ledger: LedgerWriter
    gate: AdmissionGate
    evaluator: Callable[[], Evaluator]
    machine_id: str

    def judge(self, candidates: Sequence[Candidate]) -> Generator[Trial, None, None]:
        """Yield what becomes of `candidates`, in their order, each once it is in the ledger."""
        with closing(self.evaluator().evaluate(candidates)) as results:
            for candidate, result in zip(candidates, results, strict=True):
                evaluation = result.model_copy(update={"machine_id": result.machine_id or self.machine_id})
                admission = self.gate.decide(evaluation, candidate)
                self.ledger.add_judgement(evaluation, admission)
                yield Trial(candidate, evaluation, admission)
