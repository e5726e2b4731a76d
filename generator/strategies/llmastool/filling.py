"""Who settles what an operation leaves open: the location, the module, its arguments.

Every choice is among a few options that a rule lets through: each leads to a legal network that was not tried
yet, so that no answer is wasted. The prompt category says what the model is asked (`planner.Category`); what
it is not asked is drawn. A choice of one is none. Without a model the run draws in its place, which the row
says too. This module does *not* choose operations.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from corpus.records.search.calls import AnswerPath
from corpus.records.search.proposals import DecidedBy, Decision
from generator.strategies.contract import Bench
from generator.strategies.llmastool.editing import Operation
from generator.strategies.llmastool.idea import Choice, plain
from generator.strategies.llmastool.planner import Category
from generator.strategies.llmastool.prompts import Scene, choice_chat
from generator.trees.edits.contract import EditError

Option = TypeVar("Option")

DEFAULTS = "defaults"
"""What an option is called that sets nothing."""

ATTEMPTS = 24
"""Edits that are tried at most to learn whether an option leads anywhere: a place has thousands at times."""


class Filled(NamedTuple):
    """A child, and how it came about.

    Attributes:
        point: The child.
        choices: What was settled, as the idea says it.
        decisions: The same, and by whom, as the row says it.
        call: The last recorded call, None where nobody was asked.
    """

    point: Any
    choices: tuple[Choice, ...]
    decisions: tuple[Decision, ...]
    call: str | None


class Filler:
    """Settles edits on one bench.

    Args:
        bench: Where the model is asked.
        offered: Options of one choice at most.
        fresh: Whether a point may be proposed: it was not tried yet.
        rng: What is not asked is drawn from it.
    """

    def __init__(self, bench: Bench, offered: int, fresh: Callable[[Any], bool], rng: random.Random) -> None:
        self._bench, self._offered, self._fresh, self._rng = bench, offered, fresh, rng

    def fill(self, point: Any, operation: Operation[Any], category: Category, scene: Scene) -> Filled | None:
        """Return a child by an operation, None where none was found that is legal and new."""
        settling = _Settling(self._bench, scene, category, self._rng)
        edits = _Edits(point, operation, self._fresh, self._rng)
        places = self._open(edits.places(), edits.leads)
        if not places:
            return None
        named = {operation.place(point, path): path for path in places}
        path = named[settling.settle("location", list(named))]
        subjects = self._open(edits.subjects(path), lambda what: edits.leads(path, what))
        subject = settling.settle("module", subjects)
        children = dict(islice(edits.children(path, subject), self._offered))
        return settling.filled(children[settling.settle("arguments", list(children))])

    def _open(self, options: Sequence[Option], leads: Callable[[Option], bool]) -> list[Option]:
        """Return options, drawn, that lead to a child: as many as are offered at most, in their order."""
        drawn = self._rng.sample(range(len(options)), len(options))
        found = islice((place for place in drawn if leads(options[place])), self._offered)
        return [options[place] for place in sorted(found)]


class _Edits:
    """All that an operation can do to a point, found out as it is asked for."""

    def __init__(
        self, point: Any, operation: Operation[Any], fresh: Callable[[Any], bool], rng: random.Random
    ) -> None:
        self._point, self._operation, self._fresh, self._rng = point, operation, fresh, rng
        self._at: dict[Any, dict[str, list[Any]]] = {}

    def places(self) -> list[Any]:
        """Return the paths where there may be edits."""
        return list(self._operation.places(self._point))

    def subjects(self, path: Any) -> list[str]:
        """Return what edits at a place may be about."""
        return list(self._drafts(path))

    def leads(self, path: Any, subject: str | None = None) -> bool:
        """Return whether an edit at a place, about one subject or any, gives a child; not all are tried."""
        subjects = self.subjects(path) if subject is None else [subject]
        drawn = self._rng.sample(subjects, len(subjects))
        each_once = (child for what in drawn for child in self._tried(path, what))
        return any(child is not None for _, child in islice(each_once, ATTEMPTS))

    def children(self, path: Any, subject: str) -> Iterator[tuple[str, Any]]:
        """Yield how the subject may be set there, drawn, and the child."""
        return ((how, child) for how, child in self._tried(path, subject) if child is not None)

    def _tried(self, path: Any, subject: str) -> Iterator[tuple[str, Any | None]]:
        drafts = self._drafts(path)[subject]
        for draft in self._rng.sample(drafts, len(drafts)):
            try:
                child = self._operation.apply(self._point, path, draft)
            except EditError:
                yield draft.how or DEFAULTS, None
            else:
                yield draft.how or DEFAULTS, child if self._fresh(child) else None

    def _drafts(self, path: Any) -> dict[str, list[Any]]:
        """Return the options at a place by what they are about."""
        if path not in self._at:
            found: dict[str, list[Any]] = {}
            for draft in self._operation.drafts(self._point, path):
                found.setdefault(draft.what, []).append(draft)
            self._at[path] = found
        return self._at[path]


class _Settling:
    """The choices of one child, one after the other."""

    def __init__(self, bench: Bench, scene: Scene, category: Category, rng: random.Random) -> None:
        self._bench, self._scene, self._category, self._rng = bench, scene, category, rng
        self._choices: list[Choice] = []
        self._decisions: list[Decision] = []
        self._call: str | None = None

    def settle(self, what: str, options: Sequence[str]) -> str:
        """Return one of the options."""
        if len(options) == 1:
            return self._settled(Choice(what, options[0], 1), DecidedBy.RULE)
        if not self._asks(what):
            return self._settled(Choice(what, self._rng.choice(options), len(options)), DecidedBy.CHANCE)
        settled = [(each.what, each.taken) for each in self._choices]
        chat = choice_chat(self._bench.request, self._scene, settled, what, options)
        self._call, answer = self._bench.model.choose(what, chat, options)
        answered = answer.path not in (AnswerPath.CHANCE, AnswerPath.RULE)
        named = str(answer.value) if answer.value in options else self._rng.choice(options)
        said = named if answered else None
        if self._category is not Category.REVERSE:
            by = DecidedBy.MODEL if answered else DecidedBy.CHANCE
            return self._settled(Choice(what, named, len(options), said), by)
        if answered:
            self._decisions.append(Decision(what=f"{what} to avoid", by=DecidedBy.MODEL))
        taken = self._rng.choice([each for each in options if each != named])
        return self._settled(Choice(what, taken, len(options), said), DecidedBy.CHANCE)

    def filled(self, point: Any) -> Filled:
        """Return the child with all that was settled."""
        choices = tuple(each for each in self._choices if (each.taken, each.of) != (DEFAULTS, 1))
        return Filled(point, choices, tuple(self._decisions), self._call)

    def _asks(self, what: str) -> bool:
        """Return whether the model is asked: of a minimal share, for the first choice behind the location."""
        if self._category is Category.MINIMAL:
            return what != "location" and self._call is None
        return True

    def _settled(self, choice: Choice, by: DecidedBy) -> str:
        said = None if choice.said is None else plain(choice.said)
        self._choices.append(replace(choice, taken=plain(choice.taken), said=said))
        self._decisions.append(Decision(what=choice.what, by=by))
        return choice.taken
