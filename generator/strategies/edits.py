"""Edits: the model changes a program that is there, in place of writing one; what fails may be mended.

Each prompt shows a parent and asks for an edit of it: one of the run's admitted programs, and while these are
few one of the starting corpus. With `repairs`, a program that failed goes back with its typed error, and what
comes of it is an attempt like any other. `form = "program"` asks for whole programs as the closed loop does,
so that mending can be had, and measured, without edits. `form = "continuation"` keeps the beginning of a
parent, or of what failed, and asks for the rest: a model that knows whole programs alone can do that.

The lesson of an edit is the shortest edit that leads from its parent to what was admitted, that of a repair
from the failure to what mended it; that of a continuation is the whole program. This module does *not* carry
edits out (`generator.edits` does).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import repeat
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from corpus.records.candidates import Candidate
from corpus.records.evaluations import EvaluationStatus
from corpus.records.prompts import Message, Prompt
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample
from generator.edits.asking import (
    OPERATORS,
    continuation_request,
    edit_request,
    repair_request,
    taught_answer,
    template_of,
)
from generator.edits.continuing import sound_beginning, varied_beginning
from generator.edits.faults import Fault
from generator.prompts.kinds import metric_in_words
from generator.prompts.templates import Exemplar, render
from generator.spaces.contract import Space
from generator.strategies.contract import Bench, Conversation, Strategy

MENDABLE = frozenset(
    {
        EvaluationStatus.SYNTAX_ERROR,
        EvaluationStatus.CONTRACT_ERROR,
        EvaluationStatus.FORBIDDEN,
        EvaluationStatus.RUNTIME_ERROR,
        EvaluationStatus.SHAPE_ERROR,
        EvaluationStatus.MISSING_DEPENDENCY,
    }
)
"""Failures that a change of the text can mend, and whose message says where."""

OVER_LIMITS = frozenset({EvaluationStatus.TIMEOUT, EvaluationStatus.OUT_OF_MEMORY})
"""Failures of size, whose message does not say where."""

BATCH = 16
"""Attempts between two looks at what failed, where nothing else is set. Our choice."""

FEWEST_PARENTS = 8
"""While fewer programs are admitted, those of the starting corpus are edited too. Our choice."""

_PARENT = Decision(what="parent", by=DecidedBy.CHANCE)
_OPERATOR = Decision(what="operator", by=DecidedBy.CHANCE)
_MENDED = Decision(what="parent", by=DecidedBy.RULE)
_WRITTEN = Decision(what="program", by=DecidedBy.MODEL)


class Settings(BaseModel):
    """The table `[strategy.settings]` of edits and repairs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    form: Literal["edit", "continuation", "program"] = "edit"
    """What is asked for: an `edit` of a parent; a `continuation`, which writes the rest of a parent anew from
    one of the lines of its layers on; or, as their control, a whole `program` each time."""

    parents: Literal["strong", "tournament"] = "strong"
    """Who is edited: any of the stronger half of the run's admitted programs; or the best of `tournament`
    drawn from them. While these are fewer than 8, programs of the starting corpus are among them."""

    tournament: int = Field(default=4, ge=1)
    """Programs drawn for each edit, of which the best is the parent; for `parents = "tournament"`."""

    operators: Literal["open", "fair"] = "open"
    """Whether a prompt for an edit leaves open what kind of change is wanted, or names one of six, drawn
    fairly."""

    repairs: int = Field(default=0, ge=0, le=8)
    """How often a program that failed may be sent back to be mended; each time is an attempt of the cycle."""

    batch: int | None = Field(default=None, ge=1)
    """Attempts between two looks at what failed, and at who is a parent; None for 16 with `repairs`, and
    without for a whole cycle."""

    over_limits: bool = False
    """Whether programs are mended too that took too long or too much memory."""


class Parent(NamedTuple):
    """A program to edit, and its validation score; None where it was not judged."""

    candidate: Candidate
    accuracy: float | None


class Failure(NamedTuple):
    """A program to mend.

    Attributes:
        candidate: The program.
        fault: How it failed.
        repairs: How often it was sent back already, or that which it came of.
    """

    candidate: Candidate
    fault: Fault
    repairs: int


class Edits(Strategy):
    """Asks for edits of what is there, and for repairs of what failed."""

    name = "edits"

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()

    def search(self, bench: Bench) -> Conversation:
        """Mend what failed, oldest first, and fill up with new attempts, for ever."""
        settings, waiting = self._settings, deque[Failure]()
        while True:
            batch = settings.batch or (BATCH if settings.repairs else bench.room)
            size = min(batch, bench.room)
            mended = [waiting.popleft() for _ in range(min(size, len(waiting)))]
            places = range(bench.index, bench.index + size)
            parents = self._parents(bench)
            shown = bench.exhibits()
            trials = yield [
                *(self._repaired(bench, place, each) for place, each in zip(places, mended, strict=False)),
                *(self._asked(bench, place, parents, shown) for place in places[len(mended) :]),
            ]
            before = [*mended, *repeat(None, size - len(mended))]
            failures = map(self._failure, trials, before)
            waiting.extend(failure for failure in failures if failure is not None)

    def lesson(self, trial: Trial, plain: TrainingExample) -> TrainingExample | None:
        """Return the edit that led to a program as the answer to its prompt.

        A repair that changed more than it kept is taught as the whole program; such an edit is not taught.
        """
        source = trial.candidate.source or ""
        if trial.candidate.operator not in ("repair", "edit", *OPERATORS):
            return plain
        edit = taught_answer(plain.prompt, source, short=plain.completion == source)
        if edit is not None and len(edit) < len(source):
            return plain.model_copy(update={"completion": edit})
        return plain if trial.candidate.operator == "repair" else None

    def _parents(self, bench: Bench) -> list[Parent]:
        """Return whom the next edits may start from, best first; none where whole programs are wanted."""
        if self._settings.form == "program":
            return []
        admitted = [Parent(trial.candidate, trial.accuracy) for trial in bench.exemplars(FEWEST_PARENTS)]
        if len(admitted) >= FEWEST_PARENTS:
            return admitted
        return admitted + [Parent(each, None) for each in bench.starting_corpus() if each.source]

    def _asked(self, bench: Bench, place: int, parents: Sequence[Parent], shown: Sequence[Trial]) -> Proposal:
        """Return a new attempt: an edit of a parent, or where there is none a whole program."""
        if not parents:
            return self._whole(bench, place, shown)
        rng = bench.rng("edits", bench.cycle, place)
        operator = rng.choice(list(OPERATORS)) if self._settings.operators == "fair" else None
        draws = self._settings.tournament if self._settings.parents == "tournament" else 1
        parent, accuracy = parents[min(rng.randrange(len(parents)) for _ in range(draws))]
        if self._settings.form == "continuation":
            beginning = varied_beginning(parent.source or "", rng)
            return self._continued(bench, place, parent, beginning, "continuation", _PARENT)
        score = None if accuracy is None else _score(bench, accuracy)
        chat = edit_request(
            bench.template, bench.request, parent.source or "", operator=operator, score=score
        )
        return Proposal(
            program=self._prompt(bench, place, template_of(bench.template, "edit"), chat, (parent.id,)),
            parents=(parent.id,),
            operator=operator or "edit",
            decisions=(_PARENT, *((_OPERATOR,) if operator else ()), _WRITTEN),
        )

    def _whole(self, bench: Bench, place: int, pool: Sequence[Trial]) -> Proposal:
        chosen = bench.shown(pool, bench.seed("prompt", bench.cycle, place))
        chat = render(bench.template, bench.request, [Exemplar.of(trial) for trial in chosen])
        ids = tuple(trial.candidate.id for trial in chosen)
        prompt = self._prompt(bench, place, bench.template, chat, ids)
        return Proposal(program=prompt, operator="ask", decisions=(_WRITTEN,))

    def _repaired(self, bench: Bench, place: int, failure: Failure) -> Proposal:
        candidate = failure.candidate
        if self._settings.form == "continuation":
            # Of a program that is carried to its task the error names a line of what was judged.
            again = failure.repairs > 0 or bench.request.carried_to is not None
            beginning = sound_beginning(candidate.source or "", failure.fault, again=again)
            return self._continued(bench, place, candidate, beginning, "repair", _MENDED)
        chat = repair_request(bench.template, bench.request, candidate.source or "", failure.fault)
        prompt = self._prompt(bench, place, template_of(bench.template, "repair"), chat, (candidate.id,))
        return Proposal(
            program=prompt, parents=(candidate.id,), operator="repair", decisions=(_MENDED, _WRITTEN)
        )

    def _continued(
        self,
        bench: Bench,
        place: int,
        known: Candidate,
        beginning: str | None,
        operator: str,
        chosen: Decision,
    ) -> Proposal:
        """Return a request for the rest of a program that is known; for all of it where it cannot be cut."""
        chat = continuation_request(bench.template, bench.request, beginning)
        prompt = self._prompt(bench, place, template_of(bench.template, "continuation"), chat, (known.id,))
        return Proposal(program=prompt, parents=(known.id,), operator=operator, decisions=(chosen, _WRITTEN))

    def _prompt(
        self, bench: Bench, place: int, template: str, chat: tuple[Message, ...], shown: tuple[str, ...]
    ) -> Prompt:
        return Prompt(
            id=f"c{bench.cycle:03d}/p{place:04d}",
            strategy=self.name,
            template=template,
            messages=chat,
            exemplar_ids=shown,
            seed=bench.seed("prompt", bench.cycle, place),
        )

    def _failure(self, trial: Trial, before: Failure | None) -> Failure | None:
        """Return what is to be mended next of a trial, None for nothing.

        Args:
            trial: The trial.
            before: The failure that it was to mend; where it holds no program, that one is sent again.
        """
        repairs = 0 if before is None else before.repairs + 1
        if repairs >= self._settings.repairs:
            return None
        if trial.candidate.source is None:
            return None if before is None else before._replace(repairs=repairs)
        wanted = MENDABLE | OVER_LIMITS if self._settings.over_limits else MENDABLE
        if trial.evaluation.status not in wanted:
            return None
        return Failure(trial.candidate, Fault.of(trial.evaluation), repairs)


def _score(bench: Bench, accuracy: float) -> str:
    task = bench.request.carried_to or bench.request.shape
    return f"a validation {metric_in_words(task)} of {task.kind.metric.of(accuracy):.3f}"


def build(settings: Settings, _space: Space[Any] | None) -> Edits:
    """Return the strategy."""
    return Edits(settings)
