"""A bench for one strategy by itself, and trials of its proposals with given accuracies."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from corpus.records.admissions import Admission, AdmissionReason
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate, Origin
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.prompts import Message
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.proposals import Proposal
from corpus.records.search.trials import Trial
from corpus.records.tasks.shape import TaskShape
from generator.ideas.pool import IdeaPool
from generator.prompts.templates import ProgramRequest, TemplateName
from generator.strategies.contract import Answered

REQUEST = ProgramRequest(
    shape=TaskShape(channels=1, height=12, width=12, classes=10), max_parameters=500_000, target_accuracy=0.3
)


class PlainBench:
    """Keeps the contract of a bench without a run behind it; its model answers what it is given.

    Attributes:
        asked: The role and the last message of each question.
        answers: Answers still to be given, in order; without one the answer is None by the path RULE.
    """

    def __init__(
        self, *, seed: int = 0, candidates: int = 10, template: TemplateName = "compact", exemplars: int = 0
    ) -> None:
        self.request, self.template, self.exemplar_count = REQUEST, template, exemplars
        self.run_seed, self.candidates, self.place = seed, candidates, 0
        self.ideas: IdeaPool | None = None
        self.trials: list[Trial] = []
        self.seeds: list[Candidate] = []
        self.asked: list[tuple[str, str]] = []
        self.answers: list[Answer] = []

    @property
    def model(self) -> PlainBench:
        return self

    @property
    def cycle(self) -> int:
        return self.place // self.candidates

    @property
    def index(self) -> int:
        return self.place % self.candidates

    @property
    def room(self) -> int:
        return self.candidates - self.index

    def seed(self, *place: object) -> int:
        return derive_seed(self.run_seed, *place)

    def rng(self, *place: object) -> random.Random:
        return random.Random(self.seed(*place))

    def starting_corpus(self) -> list[Candidate]:
        return list(self.seeds)

    def exemplars(self, count: int) -> list[Trial]:
        ranked = sorted(self.trials, key=lambda trial: -(trial.accuracy or 0.0))
        return ranked[: max(count, len(ranked) // 2)]

    def exhibits(self) -> list[Trial]:
        return self.exemplars(self.exemplar_count) if self.exemplar_count else []

    def shown(self, pool: Sequence[Trial], seed: int) -> list[Trial]:
        return random.Random(seed).sample(pool, min(self.exemplar_count, len(pool)))

    def generate(self, role: str, messages: Sequence[Message]) -> Answered:
        return self._answer(role, messages)

    def json(self, role: str, messages: Sequence[Message], schema: Mapping[str, Any]) -> Answered:
        return self._answer(role, messages)

    def choose(self, role: str, messages: Sequence[Message], options: Sequence[str]) -> Answered:
        return self._answer(role, messages)

    def _answer(self, role: str, messages: Sequence[Message]) -> Answered:
        self.asked.append((role, messages[-1].content))
        answer = self.answers.pop(0) if self.answers else Answer(value=None, path=AnswerPath.RULE)
        return Answered(f"k{len(self.asked) - 1:06d}", answer)

    def judge(self, proposals: Sequence[Proposal], accuracies: Sequence[float | None]) -> list[Trial]:
        """Return the trials of proposals, and move on past their places; None is an invalid program."""
        told = [
            trial(self.place + offset, proposal, accuracy)
            for offset, (proposal, accuracy) in enumerate(zip(proposals, accuracies, strict=True))
        ]
        self.trials += [each for each in told if each.accuracy is not None]
        self.place += len(told)
        return told


def trial(number: int, proposal: Proposal, accuracy: float | None) -> Trial:
    """Return what became of a proposal: admitted with its accuracy, or invalid."""
    source = proposal.program if isinstance(proposal.program, str) else None
    name = f"c000/{number:04d}"
    valid = accuracy is not None
    candidate = Candidate(
        id=name, origin=Origin.SAMPLED, source=source, completion=source or "", cycle=0, index=number,
        generator=proposal.author, **proposal.provenance(),
    )  # fmt: skip
    evaluation = Evaluation(
        candidate_id=name, protocol_id="test", accuracy=accuracy,
        status=EvaluationStatus.COMPLETE if valid else EvaluationStatus.SHAPE_ERROR,
        stage=Stage.DONE if valid else Stage.FORWARD,
    )  # fmt: skip
    reason = AdmissionReason.ADMITTED if valid else AdmissionReason.INVALID
    return Trial(candidate, evaluation, Admission(candidate_id=name, admitted=valid, reason=reason))
