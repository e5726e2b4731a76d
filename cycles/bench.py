"""The bench of a run: what a strategy may touch, with every question answered once and recorded.

A question is known by its number within the run. One that the ledger holds is answered from it, if it asks
what was asked then; a new one is answered by the decider or the sandbox, and is in the ledger before the
strategy hears the answer.

This module does *not* advance a strategy (`cycles.search` does) or decide anything.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue, TypeAdapter

from corpus.ledger.writer import LedgerWriter
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate, Origin
from corpus.records.prompts import Message
from corpus.records.search.calls import Answer, AnswerPath, Call, Question, Verb, call_id
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import Transcript
from corpus.records.search.trials import Trial
from cycles.errors import Diverged
from generator.deciders.contract import Decider
from generator.ideas.pool import IdeaPool
from generator.prompts.exemplars import Draw, any_of
from generator.prompts.templates import ProgramRequest, TemplateName
from generator.strategies.contract import Answered

InForce = Callable[[int], tuple[Path | None, str | None]]
"""Returns the folder and the content hash of the adapter that writes a cycle, None and None for the base."""

_PROBES: TypeAdapter[list[Probe]] = TypeAdapter(list[Probe])


class Sandbox(Protocol):
    """What a search may run without judging it; `evaluator.supervisor.sandbox` keeps it."""

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        """Return what each program builds, in order."""
        ...

    def execute(self, code: str) -> Transcript:
        """Return what a script prints, and how it ended."""
        ...


@dataclass
class RunBench:
    """Keeps the contract of `generator.strategies.contract.Bench` over a run's ledger.

    Attributes:
        ledger: Where calls are appended.
        request: What the run asks for.
        template: How it is rendered.
        exemplar_count: Programs to show in each prompt.
        run_seed: The run's seed.
        candidates: Attempts in a cycle.
        decider: Returns who answers for the model, loaded when it is first asked.
        sandbox: Returns who runs programs and scripts, started when it is first asked.
        in_force: The adapter that answers in a cycle.
        ideas: The design ideas of the run, None where it goes by none.
        place: Number of the next proposal within the run.
        draw: Who chooses the programs of one prompt from a pool.
        imported: Returns the imported programs that prompts may show, with their claims.
    """

    ledger: LedgerWriter
    request: ProgramRequest
    template: TemplateName
    exemplar_count: int
    run_seed: int
    candidates: int
    decider: Callable[[], Decider]
    sandbox: Callable[[], Sandbox]
    in_force: InForce
    ideas: IdeaPool | None = None
    place: int = 0
    draw: Draw = any_of
    imported: Callable[[], list[Trial]] = list
    _admitted: list[Trial] = field(default_factory=list)
    _unread: range = range(0)
    _recorded: list[Call] | None = None
    _asked: int = 0

    @property
    def cycle(self) -> int:
        """The cycle that the next proposals belong to."""
        return self.place // self.candidates

    @property
    def index(self) -> int:
        """Place of the next proposal within that cycle."""
        return self.place % self.candidates

    @property
    def room(self) -> int:
        """Attempts that are left in that cycle."""
        return self.candidates - self.index

    @property
    def token_count(self) -> int:
        """Tokens of all recorded answers."""
        return sum(call.answer.token_count for call in self._calls())

    @property
    def model(self) -> RunBench:
        """The model of the run: this bench, which keeps its contract as well."""
        return self

    def seed(self, *place: object) -> int:
        """Return a seed that depends on the run's seed and `place` alone."""
        return derive_seed(self.run_seed, *place)

    def rng(self, *place: object) -> random.Random:
        """Return a source of chance that depends on the run's seed and `place` alone."""
        return random.Random(self.seed(*place))

    def starting_corpus(self) -> list[Candidate]:
        """Return the programs that were there before the first cycle, in their order."""
        return self.ledger.candidates(origin=Origin.SEED)

    def exemplars(self, count: int) -> list[Trial]:
        """Return the stronger half of the admitted trials, at least `count` if there are: best first."""
        for cycle in self._unread:
            self._keep(self.ledger.judged(cycle))
        self._unread = range(0)
        ranked = sorted(self._admitted, key=lambda trial: (-(trial.accuracy or 0.0), trial.candidate.id))
        return ranked[: max(count, len(ranked) // 2)]

    def exhibits(self) -> list[Trial]:
        """Return what prompts may show; empty where the run's settings have no program in them."""
        if not self.exemplar_count:
            return []
        return [*self.exemplars(self.exemplar_count), *self.imported()]

    def shown(self, pool: Sequence[Trial], seed: int) -> list[Trial]:
        """Return the programs of `pool` that stand in one prompt, as many as the run's settings have it."""
        return self.draw(pool, self.exemplar_count, random.Random(seed))

    def hear(self, trials: Sequence[Trial]) -> None:
        """Take in what became of the last proposals, and move on past their places."""
        self._keep(trials)
        self.place += len(trials)

    def begin(self, cycle: int) -> None:
        """Go to the start of a cycle; those before it are read if exemplars are asked for."""
        self.place, self._unread = cycle * self.candidates, range(cycle)

    def generate(self, role: str, messages: Sequence[Message]) -> Answered:
        """Return free text."""
        question = Question(verb=Verb.GENERATE, role=role, messages=tuple(messages), seed=self._seed())
        return self._answered(
            question, lambda adapter: self.decider().generate(messages, seed=question.seed, adapter=adapter)
        )

    def json(self, role: str, messages: Sequence[Message], schema: Mapping[str, JsonValue]) -> Answered:
        """Return a document that `schema` accepts, or None."""
        question = Question(
            verb=Verb.JSON, role=role, messages=tuple(messages), asks=dict(schema), seed=self._seed()
        )
        return self._answered(
            question,
            lambda adapter: self.decider().json(messages, schema, seed=question.seed, adapter=adapter),
        )

    def choose(self, role: str, messages: Sequence[Message], options: Sequence[str]) -> Answered:
        """Return one of `options`."""
        question = Question(
            verb=Verb.CHOOSE, role=role, messages=tuple(messages), asks=list(options), seed=self._seed()
        )
        return self._answered(
            question,
            lambda adapter: self.decider().choose(messages, options, seed=question.seed, adapter=adapter),
        )

    def probe(self, role: str, sources: Sequence[str]) -> list[Probe]:
        """Return what programs build."""
        question = Question(verb=Verb.PROBE, role=role, asks=list(sources))

        def ask(_: Path | None) -> Answer:
            probes = self.sandbox().probe(sources)
            return Answer(value=[probe.model_dump(mode="json") for probe in probes], path=AnswerPath.SANDBOX)

        return _PROBES.validate_python(self._answered(question, ask).answer.value)

    def execute(self, role: str, code: str) -> Transcript:
        """Return what a script prints that runs over the training split."""
        question = Question(verb=Verb.EXECUTE, role=role, asks=code)

        def ask(_: Path | None) -> Answer:
            transcript = self.sandbox().execute(code)
            return Answer(value=transcript.model_dump(mode="json"), path=AnswerPath.SANDBOX)

        return Transcript.model_validate(self._answered(question, ask).answer.value)

    def _keep(self, trials: Sequence[Trial]) -> None:
        """Keep those of them that may be exemplars."""
        self._admitted += [trial for trial in trials if trial.admission.admitted and trial.candidate.source]

    def _seed(self) -> int:
        return self.seed("call", self._asked)

    def _answered(self, question: Question, ask: Callable[[Path | None], Answer]) -> Answered:
        """Return the recorded answer to the next question, or ask, and record what is answered."""
        recorded = self._calls()
        number, self._asked = self._asked, self._asked + 1
        if number < len(recorded):
            known = recorded[number]
            if known.question != question:
                raise diverged(f"call {known.id}", known.question, question)
            return Answered(known.id, known.answer)
        adapter, adapter_hash = self.in_force(self.cycle)
        started = time.monotonic()
        answer = ask(adapter)
        call = Call(
            id=call_id(number),
            cycle=self.cycle,
            question=question,
            answer=answer,
            seconds=time.monotonic() - started,
            adapter_hash=adapter_hash,
        )
        self.ledger.add_call(call)
        recorded.append(call)
        return Answered(call.id, answer)

    def _calls(self) -> list[Call]:
        if self._recorded is None:
            self._recorded = self.ledger.calls()
        return self._recorded


def diverged(what: str, held: object, said: object) -> Diverged:
    """Return the error that `what` is said other than the ledger holds it, with what differs of the two."""
    first, second = (dict(each) for each in (held, said))  # type: ignore[call-overload]
    names = ", ".join(name for name in second if first.get(name) != second[name])
    return Diverged(
        f"{what}: the search says other than the ledger holds ({names}), so its code or its settings changed "
        "since. Go on with the version and the settings that the run was started with, or start a new run."
    )
