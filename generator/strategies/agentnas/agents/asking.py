"""The model of a run, where there is one, and the chats that it is asked in.

Whether there is a model is learnt from the first answer; without one nobody is asked again. An answer that
cannot be used is asked for again under the role's name with `, again` behind it: so the answers that could
not be used can be counted from the roles of the recorded calls. This module does *not* word any question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import JsonValue

from corpus.records.prompts import Message
from corpus.records.search.calls import Answer
from generator.strategies.contract import Bench

AGAIN = ", again"
"""Ends the role of a question that is asked since the answer before could not be used."""

LONGEST_KEPT = 30_000
"""Of an answer that stays in a chat this many characters stay; our choice."""


class Said(NamedTuple):
    """What a model answered.

    Attributes:
        text: Its text, empty where nothing came.
        call: Id of the recorded call.
    """

    text: str
    call: str


class Asking:
    """Asks on one bench.

    Attributes:
        nobody: Whether it is known that no model answers.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._first = True
        self.nobody = False

    def text(self, role: str, chat: Chat, *, again: bool = False) -> Said | None:
        """Return what the model writes, and keep it in the chat; None where there is no model."""
        if self.nobody:
            return None
        call, answer = self._bench.model.generate(_named(role, again), chat.messages())
        if not self._heard(answer):
            return None
        text = answer.value if isinstance(answer.value, str) else ""
        chat.answered(text)
        return Said(text, call)

    def document(
        self, role: str, chat: Chat, schema: Mapping[str, JsonValue], *, again: bool = False
    ) -> tuple[JsonValue, str] | None:
        """Return a document and its call, the document None where none came; None where there is no model."""
        if self.nobody:
            return None
        call, answer = self._bench.model.json(_named(role, again), chat.messages(), schema)
        if not self._heard(answer):
            return None
        chat.answered(answer.text or "(a JSON document)")
        return answer.value, call

    def _heard(self, answer: Answer) -> bool:
        """Return whether there is a model, and note it."""
        if self._first:
            self._first, self.nobody = False, answer.model is None
        return not self.nobody


class Chat:
    """A chat that grows: what the model is told, its answers, and what it is told next.

    Args:
        system: What stands at its head.
        remembered: Turns of the model that it is shown; with None all.
    """

    def __init__(self, system: str, remembered: int | None = None) -> None:
        self._system, self._remembered = system, remembered
        self._turns: list[Message] = []

    def tell(self, text: str) -> None:
        """Say something to the model, behind what it was told since its last answer."""
        if self._turns and self._turns[-1].role == "user":
            text = f"{self._turns.pop().content}\n\n{text}"
        self._turns.append(Message(role="user", content=text))

    def answered(self, text: str) -> None:
        """Keep an answer."""
        self._turns.append(Message(role="assistant", content=text[:LONGEST_KEPT] or "(nothing)"))

    def messages(self) -> tuple[Message, ...]:
        """Return what the model is shown: what it was told first, and the last turns."""
        turns = self._turns
        if self._remembered is not None and len(turns) > 2 * self._remembered + 1:
            turns = [turns[0], *turns[-2 * self._remembered :]]
        return Message(role="system", content=self._system), *turns


def _named(role: str, again: bool) -> str:
    return f"{role}{AGAIN}" if again else role
