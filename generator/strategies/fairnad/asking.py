"""The model of a run, where there is one: whoever asks is told whether somebody answered.

Whether there is a model is learnt from the first answer. Without one nobody is asked again, so that a search
without a model has no rows of questions that nobody heard. This module does *not* word any question.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from corpus.records.prompts import Message
from corpus.records.search.calls import Answer, AnswerPath
from corpus.records.search.proposals import DecidedBy
from generator.strategies.contract import Bench


class Said(NamedTuple):
    """What a model wrote.

    Attributes:
        text: It, empty where nothing usable came.
        call: Id of the recorded call.
    """

    text: str
    call: str


class Chosen(NamedTuple):
    """One of several options.

    Attributes:
        option: It.
        by: Who chose it.
        call: Id of the recorded call, None where nobody was asked.
    """

    option: str
    by: DecidedBy
    call: str | None = None


class Asker:
    """Asks on one bench.

    Attributes:
        nobody: Whether it is known that no model answers.
    """

    def __init__(self, bench: Bench, rng: random.Random) -> None:
        """Draw from `rng` what nobody chooses."""
        self._bench, self._rng = bench, rng
        self._first = True
        self.nobody = False

    def text(self, role: str, chat: Sequence[Message]) -> Said | None:
        """Return what the model writes; None where there is no model."""
        if self.nobody:
            return None
        call, answer = self._bench.model.generate(role, chat)
        if not self._heard(answer):
            return None
        return Said(answer.value if isinstance(answer.value, str) else "", call)

    def choice(
        self, role: str, chat: Sequence[Message], options: Sequence[str], *, rule: str | None = None
    ) -> Chosen:
        """Return one of the options, without a question where there is one: the model's, `rule`, or drawn."""
        if len(options) == 1:
            return Chosen(options[0], DecidedBy.RULE)
        if not self.nobody:
            call, answer = self._bench.model.choose(role, chat, options)
            answered = self._heard(answer) and answer.path not in (AnswerPath.CHANCE, AnswerPath.RULE)
            if answered and answer.value in options:
                return Chosen(str(answer.value), DecidedBy.MODEL, call)
        if rule is not None:
            return Chosen(rule, DecidedBy.RULE)
        return Chosen(self._rng.choice(options), DecidedBy.CHANCE)

    def _heard(self, answer: Answer) -> bool:
        """Return whether there is a model, and note it."""
        if self._first:
            self._first, self.nobody = False, answer.model is None
        return not self.nobody
