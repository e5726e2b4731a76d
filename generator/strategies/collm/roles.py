"""Who answers in a search: the navigator makes strategies, the generator writes their candidates.

An answer that cannot be used is None, and the rule stands in (`rule`). This module does *not* judge whether a
candidate is legal or new: the coordinator does.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import JsonValue

from corpus.records.search.calls import AnswerPath
from corpus.records.search.proposals import DecidedBy, Decision
from generator.spaces.operations import Composable, Operational
from generator.strategies.collm.direction import Direction, direction_in
from generator.strategies.collm.memory import Memory
from generator.strategies.collm.prompts import (
    both_chat,
    both_schema,
    candidates_schema,
    choice_chat,
    direction_schema,
    generator_chat,
    navigator_chat,
)
from generator.strategies.collm.rule import drawn, ruled
from generator.strategies.collm.settings import Settings
from generator.strategies.contract import Bench

OFFERED = 2
"""Options of one choice, drawn: a model that takes the likeliest of all would write one network for ever."""

WRITTEN = (Decision(what="candidate", by=DecidedBy.MODEL),)
DRAWN = (Decision(what="candidate", by=DecidedBy.CHANCE),)
_OFFER = Decision(what="options", by=DecidedBy.CHANCE)


class Draft(NamedTuple):
    """A candidate as it was written.

    Attributes:
        text: What should be the encoding of a point.
        decisions: What was decided on the way to it, and by whom.
        call: The recorded call that it stands in, None where none did.
    """

    text: str
    decisions: tuple[Decision, ...]
    call: str | None


class Roles(ABC):
    """Those who answer in one search.

    Args:
        bench: Where the model is asked.
        space: What is searched.
        settings: The settings of the strategy.
        memory: What was tried; the coordinator writes it.
    """

    def __init__(self, bench: Bench, space: Operational[Any], settings: Settings, memory: Memory) -> None:
        self.bench, self.space, self.settings, self.memory = bench, space, settings, memory
        self.rng: random.Random = bench.rng("collm")

    @abstractmethod
    def direct(self) -> Direction:
        """Return the next strategy."""

    @abstractmethod
    def write(self, direction: Direction, count: int) -> list[Draft]:
        """Return up to `count` candidates of a strategy."""

    def ruled(self) -> Direction:
        """Return the strategy of the rule."""
        return ruled(self.memory.tried, self.space.vocabulary())

    def drawn(self, direction: Direction, count: int) -> list[Draft]:
        """Return candidates of the rule."""
        visited, drafts = set(self.memory.visited), []
        for _ in range(count):
            point = drawn(self.space, direction, visited, self.rng)
            visited.add(self.space.key(point))
            drafts.append(Draft(self.space.encode(point), DRAWN, None))
        return drafts


class TwoRoles(Roles):
    """A navigator and a generator, asked apart: all that the second sees of the first is its strategy."""

    def direct(self) -> Direction:
        """Ask the navigator; go by the rule where its answer cannot be used."""
        if self.settings.navigator == "rule":
            return self.ruled()
        if self.settings.navigator == "none":
            return Direction()
        chat = navigator_chat(self.bench.request, self.space, self.memory, self.settings)
        vocabulary = self.space.vocabulary()
        answer = self.bench.model.json("navigator", chat, direction_schema(self.space)).answer
        return direction_in(answer.value, vocabulary) if isinstance(answer.value, dict) else self.ruled()

    def write(self, direction: Direction, count: int) -> list[Draft]:
        """Ask the generator; draw where its answer cannot be used."""
        if self.settings.generator == "rule":
            return self.drawn(direction, count)
        if self.settings.generator == "choose":
            return [self._chosen(direction) for _ in range(count)]
        results = self.memory.rounds[-1] if self.settings.generator_memory and self.memory.rounds else None
        chat = generator_chat(self.space, direction, count, results)
        call, answer = self.bench.model.json("generator", chat, candidates_schema(self.space, count))
        return drafts_in(answer.value, call) or self.drawn(direction, count)

    def _chosen(self, direction: Direction) -> Draft:
        """Return a candidate that the generator makes choice by choice, each between drawn options."""
        assert isinstance(self.space, Composable), "checked when the strategy is built"
        call, paths = "", set[AnswerPath]()

        def pick(begun: str, options: Sequence[str]) -> str:
            nonlocal call
            offered = self.rng.sample(options, min(OFFERED, len(options)))
            chat = choice_chat(self.space, direction, begun, offered)
            call, answer = self.bench.model.choose("generator", chat, offered)
            paths.add(answer.path)
            return str(answer.value)

        point = self.space.compose(pick)
        by_model = WRITTEN if AnswerPath.CHANCE not in paths else DRAWN
        return Draft(self.space.encode(point), (_OFFER, *by_model), call)


class OneRole(Roles):
    """One model in both roles: each call gives a strategy and its candidates."""

    _written: list[Draft]

    def direct(self) -> Direction:
        """Ask for both; what was written is handed out by the next `write`."""
        document, self._written = self._asked(self.settings.batch)
        return self.ruled() if document is None else direction_in(document, self.space.vocabulary())

    def write(self, direction: Direction, count: int) -> list[Draft]:
        """Return what came with the strategy; asked for more, ask for both again and leave the strategy."""
        written, self._written = self._written or self._asked(count)[1], []
        return written[:count] or self.drawn(direction, count)

    def _asked(self, count: int) -> tuple[dict[str, JsonValue] | None, list[Draft]]:
        chat = both_chat(self.bench.request, self.space, self.memory, self.settings, count)
        schema = both_schema(self.space, count)
        call, answer = self.bench.model.json("navigator and generator", chat, schema)
        document = answer.value if isinstance(answer.value, dict) else None
        return document, drafts_in(document, call)


def drafts_in(document: JsonValue, call: str) -> list[Draft]:
    """Return the candidates that a generator's document lists."""
    listed = document.get("candidates") if isinstance(document, dict) else None
    texts = listed if isinstance(listed, list) else []
    return [Draft(str(text), WRITTEN, call) for text in texts]
