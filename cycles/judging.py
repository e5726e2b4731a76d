"""The judge: a candidate is evaluated, compared with the corpus, and its judgement is in the ledger.

An answer that should be an edit and makes no program is judged as one without a program, whose error names
what is wrong with the edit. The judge does *not* sample, and it never sees the test split.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import AdmissionGate
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.prompts import FinishReason
from corpus.records.search.trials import Trial
from cycles.limits.stopping import Stopping
from evaluator.channel.stopping import StopRule
from generator.edits.asking import form_of, read_answer


class Evaluator(Protocol):
    """Judges candidates; whatever they do, it returns an evaluation."""

    def evaluate(
        self, candidates: Iterable[Candidate | None], stop: StopRule | None = None, /
    ) -> Generator[Evaluation, None, None]:
        """Yield the evaluations in the order of the candidates; closing the iterator stops the work.

        Args:
            candidates: Taken as needed. None among them says that there is none yet: what is done is yielded,
                and the next one asked for again.
            stop: When a training is ended early; None for never, and without effect where nothing is trained.
        """
        ...


@dataclass
class Judge:
    """Judges candidates in order, and decides on each before the next.

    Attributes:
        ledger: Where every judgement is appended, evaluation and admission together.
        gate: Who enters the corpus.
        evaluator: Returns the evaluator, started when it is first asked for.
        machine_id: The machine that judges.
        stopping: Which trainings are ended early.
    """

    ledger: LedgerWriter
    gate: AdmissionGate
    evaluator: Callable[[], Evaluator]
    machine_id: str
    stopping: Stopping

    def judge(self, cycle: int, candidates: Iterable[Candidate | None]) -> Generator[Trial, None, None]:
        """Yield what becomes of `candidates`, in their order, each once it is in the ledger.

        Args:
            cycle: Their cycle.
            candidates: In the ledger already; None among them says that there is none yet.
        """
        waiting: deque[Candidate] = deque()

        def taken() -> Iterator[Candidate | None]:
            for candidate in candidates:
                if candidate is not None:
                    waiting.append(candidate)
                yield candidate

        with closing(self.evaluator().evaluate(taken(), self.stopping.rule(cycle))) as results:
            for result in results:
                candidate = waiting.popleft()
                noted = {"machine_id": result.machine_id or self.machine_id}
                evaluation = result.model_copy(update=noted | self._failed_edit(candidate))
                admission = self.gate.decide(evaluation, candidate)
                self.ledger.add_judgement(evaluation, admission)
                yield Trial(candidate, evaluation, admission)
        if waiting:
            raise ValueError(f"the evaluator left out {waiting[0].id}")

    def _failed_edit(self, candidate: Candidate) -> dict[str, str]:
        """Return type and text of the error of an answer that should be an edit and makes no program."""
        unanswered = candidate.finish_reason is FinishReason.REFUSED
        if candidate.source is not None or candidate.prompt_id is None or unanswered:
            return {}
        prompt = self.ledger.prompt(candidate.prompt_id)
        if form_of(prompt) is None:
            return {}
        failure = read_answer(prompt, candidate.completion).failure
        return {} if failure is None else {"error_type": failure.value, "error": failure.words}
