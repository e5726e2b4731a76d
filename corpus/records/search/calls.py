"""The record of a call: one question of a search to a model or to the sandbox, and what was answered.

A search resumes by replay: it is run again from its start, and every call that it made before is answered
from its record. So a call is known by its place among the calls of its run, and must ask what it asked then.

This module does *not* ask anything.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, JsonValue

from corpus.records.base import Record
from corpus.records.prompts import Message


class Verb(StrEnum):
    """What a search may ask for."""

    GENERATE = "generate"
    """Free text of a model."""
    JSON = "json"
    """A JSON document of a model, which a schema accepts."""
    CHOOSE = "choose"
    """One of several options, of a model."""
    PROBE = "probe"
    """What a program builds, found in the sandbox without training it."""
    EXECUTE = "execute"
    """What a script prints that ran in the sandbox over the training split."""


class AnswerPath(StrEnum):
    """How an answer came about."""

    FREE = "free"
    """A model wrote text, and any text would do."""
    GUIDED = "guided"
    """A model answered, and could give nothing but what was asked for."""
    PARSED = "parsed"
    """A model wrote freely, and what was asked for was found in its text."""
    RULE = "rule"
    """No model answered, or nothing usable: whoever asked goes by a rule of its own."""
    CHANCE = "chance"
    """No model answered: the options were drawn from."""
    SANDBOX = "sandbox"
    """No model was asked: the sandbox measured."""


class Answer(Record):
    """What was answered to one call.

    Attributes:
        value: The text, the document or the option; None where nothing usable came.
        path: How it came about.
        text: A model's raw words where they are not the value itself, None elsewhere.
        model: Name of the model that answered, None where none did.
        token_count: Tokens that were generated for it, over all tries.
    """

    value: JsonValue
    path: AnswerPath
    text: str | None = None
    model: str | None = None
    token_count: int = Field(default=0, ge=0)


class Question(Record):
    """What was asked in one call: the part that a replay must find unchanged.

    Attributes:
        verb: What was asked for.
        role: Who asked, in the words of the strategy: `navigator`, `generator`.
        messages: The chat that a model sees; empty for the sandbox.
        asks: What the verb needs beside it: the schema, the options, the sources, the script.
        seed: Seeds the answer; 0 where nothing is drawn.
    """

    verb: Verb
    role: str
    messages: tuple[Message, ...] = ()
    asks: JsonValue = None
    seed: int = 0


class Call(Record):
    """One question and its answer.

    Attributes:
        id: Unique within a run: `k000017`.
        cycle: The cycle in which it was asked.
        question: What was asked.
        answer: What was answered.
        seconds: Wall time that the answer took.
        adapter_hash: Content hash of the LoRA adapter that answered, None for the base model or without one.
    """

    id: str
    cycle: int = Field(ge=0)
    question: Question
    answer: Answer
    seconds: float = Field(ge=0.0)
    adapter_hash: str | None = None


def call_id(ordinal: int) -> str:
    """Return the id of the call of that number within its run, from 0: `k000017`."""
    return f"k{ordinal:06d}"
