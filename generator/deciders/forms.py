"""What an answer must look like: a mask for samplers that have one, words for the others, and how it is read.

This module does *not* ask a model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from corpus.records.prompts import Message
from generator.deciders.documents import Document, NoDocument, document_in
from generator.samplers.contract import Choice, Guide, JsonSchema

MAX_CHOICE_CHARACTERS = 10_000
"""Of a longer answer to a choice only this much is read."""

_QUOTED_CHARACTERS = 1_000
"""Of an answer that cannot be used only this much is shown to the model again: its context is short."""


@dataclass(frozen=True)
class Form:
    """One form of answers.

    Attributes:
        guide: The mask.
        words: The same for a model that is not masked.
        read: Returns what an answer says, or raises `NoDocument` with the fault.
    """

    guide: Guide
    words: str
    read: Callable[[str], Document]

    def asked(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Return the chat with the words of this form at its end."""
        *earlier, last = messages
        if last.role != "user":
            return (*messages, Message(role="user", content=self.words))
        return (*earlier, last.model_copy(update={"content": f"{last.content}\n\n{self.words}"}))

    def asked_again(self, messages: Sequence[Message], answer: str, fault: str) -> tuple[Message, ...]:
        """Return the chat with an answer that could not be used, and what is wrong with it."""
        quoted = answer[:_QUOTED_CHARACTERS] or "(nothing)"
        complaint = f"This answer cannot be used: {fault}. {self.words}"
        return (
            *messages,
            Message(role="assistant", content=quoted),
            Message(role="user", content=complaint),
        )


def document_form(schema: Mapping[str, JsonValue]) -> Form:
    """Return the form of documents that `schema` accepts."""
    return Form(
        guide=JsonSchema(document=dict(schema)),
        words="Answer with one JSON document and nothing else. This JSON schema accepts it: "
        + json.dumps(schema, ensure_ascii=False),
        read=lambda text: document_in(text, schema),
    )


def option_form(options: Sequence[str]) -> Form:
    """Return the form of answers that are one of `options`."""
    return Form(
        guide=Choice(options=tuple(options)),
        words="Answer with one of these and nothing else: " + _listed(options),
        read=lambda text: option_in(text, options),
    )


def enclosed_option_form(options: Sequence[str]) -> Form:
    """Return the form of documents `{"choice": OPTION}`, for those that mask by JSON schemas alone."""
    schema: dict[str, JsonValue] = {
        "type": "object",
        "properties": {"choice": {"type": "string", "enum": list(options)}},
        "required": ["choice"],
        "additionalProperties": False,
    }

    def read(text: str) -> Document:
        document = document_in(text, schema)
        assert isinstance(document.value, dict), "the schema accepts nothing else"
        return Document(document.value["choice"], document.alone)

    return Form(guide=JsonSchema(document=schema), words=document_form(schema).words, read=read)


def option_in(text: str, options: Sequence[str]) -> Document:
    """Return the one of `options` that `text` is or, as a word of its own, names.

    Raises:
        NoDocument: It names none, or several.
    """
    answer = text.rpartition("</think>")[2][:MAX_CHOICE_CHARACTERS].strip()
    if answer in options:
        return Document(answer, alone=True)
    longest_first = sorted(options, key=len, reverse=True)
    pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)"
    named = list(dict.fromkeys(re.findall(pattern, answer)))
    if len(named) == 1:
        return Document(named[0], alone=False)
    raise NoDocument(f"it names {_listed(named)}" if named else "it names none of them")


def _listed(options: Sequence[str]) -> str:
    return ", ".join(json.dumps(option, ensure_ascii=False) for option in options)
