"""Feedback memory: two roles of one model, and what the last attempts came to.

An *improver* is shown the best program, the last failure and the last K attempts, and says what to change; a
*generator* is shown the same memory and the advice, and writes a whole program. The model may stay frozen:
all that is learnt stands in the prompt (arXiv 2603.12091, whose window is K = 5). The control without memory
is `window = 0`, the one without an improver `improver = "none"`, the one without a program to improve
`reference = false`: the three ablations of the published code.

Ours: the program that is improved is the best so far, not the last; a failure's advice falls back on a rule,
marked as such. This module does *not* word a prompt.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from corpus.records.prompts import Prompt
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from generator.spaces.contract import Space
from generator.strategies.contract import Bench, Conversation, Strategy
from generator.strategies.feedback.memory import Advice, Memory, by_rule
from generator.strategies.feedback.wording import (
    ADVICE_SCHEMA,
    advice_in,
    generator_chat,
    improver_chat,
)

IMPROVER = "improver"
"""The role that the questions are recorded under."""

_WRITTEN = Decision(what="program", by=DecidedBy.MODEL)


class Settings(BaseModel):
    """The table `[strategy.settings]` of feedback memory."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    window: int = Field(default=5, ge=0, le=50)
    """Attempts that prompts tell of, the last ones; 0 tells of none: the control without memory."""

    improver: Literal["model", "rule", "none"] = "model"
    """Who says what to change: the `model`, and the rule where its answer cannot be used; a fixed `rule`,
    which speaks of failures alone; or `none`."""

    reference: bool = True
    """Whether prompts show the best program so far; without it, its score and the attempts alone are told."""

    batch: int = Field(default=1, ge=1)
    """Attempts between two looks at results: more keep more cores busy, and know less."""


class Advised(NamedTuple):
    """What an attempt is to change, and who said so."""

    advice: Advice | None
    by: DecidedBy


class FeedbackMemory(Strategy):
    """Asks for one better program after another."""

    name = "feedback"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def search(self, bench: Bench) -> Conversation:
        """Advise, ask, hear, remember; the first attempt has nothing to go by."""
        memory = Memory(self._settings.window, shows_best=self._settings.reference)
        while True:
            count = min(self._settings.batch, bench.room)
            advised = [self._advised(bench, memory) for _ in range(count)]
            trials = yield [
                self._asked(bench, memory, each, bench.index + offset) for offset, each in enumerate(advised)
            ]
            for each, trial in zip(advised, trials, strict=True):
                memory.hear(each.advice, trial)

    def _advised(self, bench: Bench, memory: Memory) -> Advised:
        if memory.last is None or self._settings.improver == "none":
            return Advised(None, DecidedBy.RULE)
        if self._settings.improver == "model":
            chat = improver_chat(bench.request, memory)
            advice = advice_in(bench.model.json(IMPROVER, chat, ADVICE_SCHEMA).answer.value)
            if advice is not None:
                return Advised(advice, DecidedBy.MODEL)
        return Advised(by_rule(memory.last), DecidedBy.RULE)

    def _asked(self, bench: Bench, memory: Memory, advised: Advised, index: int) -> Proposal:
        shown, advice = memory.reference, advised.advice
        parents = () if shown is None else (shown.candidate.id,)
        prompt = Prompt(
            id=f"c{bench.cycle:03d}/p{index:04d}",
            strategy=self.name,
            template="instruct",
            messages=generator_chat(bench.request, memory, advice),
            exemplar_ids=parents,
            seed=bench.seed("prompt", bench.cycle, index),
        )
        return Proposal(
            program=prompt,
            parents=parents,
            operator="ask" if memory.last is None else "improve",
            idea=None if advice is None else advice.suggestion,
            decisions=(_WRITTEN,) if advice is None else (Decision(what="advice", by=advised.by), _WRITTEN),
        )


def build(settings: Settings, _space: Space[Any] | None) -> FeedbackMemory:
    """Return the strategy."""
    return FeedbackMemory(settings)
