"""The JSON document inside a model's answer, and what a schema says of it.

A model wraps its document in fences and prose, thinks aloud before it, and may be cut off in the middle.
Tried in this order: the answer from its first character, from each opening bracket in its fences, from each
opening bracket at all. The first document that the schema accepts counts.

Reading is bounded whatever the answer: so many characters are read, so many beginnings tried, and so many
characters of documents held against the schema. What is beyond is not looked for.

This module does *not* repair documents, and asks no model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

MAX_CHARACTERS = 250_000
"""Of a longer answer only this much is read; the rest is ignored."""

MAX_DOCUMENT_CHARACTERS = 20_000
"""Characters of one answer's documents that are held against the schema, all together: that is slow work."""

MOST_BEGINNINGS = 64
"""Opening brackets of one answer from which a document is read."""

MOST_LEVELS = 64
"""Depth of a document: deeper ones are not read by everybody who reads a ledger."""

_OPENING = re.compile(r"[{\[]")
_FAULT_CHARACTERS = 300
_TOO_DEEP = f"it is nested more than {MOST_LEVELS} deep"


class NoDocument(ValueError):
    """The answer holds no document that the schema accepts; the message says why, in words for the model."""


class Document(NamedTuple):
    """A document that was found.

    Attributes:
        value: What it says.
        alone: Whether the answer holds nothing beside it.
    """

    value: JsonValue
    alone: bool


class _Reading(NamedTuple):
    """What lies between two places of a text: a document, or a fault."""

    value: JsonValue
    fault: str | None
    start: int
    end: int


def document_in(text: str, schema: Mapping[str, JsonValue]) -> Document:
    """Return the first document in `text` that `schema` (https://json-schema.org) accepts.

    Raises:
        NoDocument: There is none within the bounds of this module.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    validator = validator_for(schema, default=Draft202012Validator)(schema)
    answer = text[:MAX_CHARACTERS].rpartition("</think>")[2].strip()
    unread, refused = None, None
    room = MAX_DOCUMENT_CHARACTERS
    for reading in _readings(answer):
        if reading.fault is not None:
            unread = unread or reading.fault
            continue
        room -= reading.end - reading.start
        if room < 0:
            refused = refused or f"the document is longer than {MAX_DOCUMENT_CHARACTERS} characters"
            break
        error = next(validator.iter_errors(reading.value), None)
        if error is None:
            return Document(reading.value, alone=reading.end - reading.start == len(answer))
        refused = refused or f"{error.json_path}: {error.message}"[:_FAULT_CHARACTERS]
    raise NoDocument(refused or unread or "it holds no JSON document")


def _readings(answer: str) -> Iterator[_Reading]:
    """Yield what can be read in `answer`; its faults are those at an opening bracket."""
    at_once = _reading(answer, 0)
    if at_once.fault is None:
        yield at_once
    beginnings = iter(range(MOST_BEGINNINGS))
    for part in (*answer.split("```")[1::2], answer):
        place = 0
        while (opening := _OPENING.search(part, place)) and next(beginnings, None) is not None:
            reading = _reading(part, opening.start())
            yield reading
            place = reading.end


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(strict=False, parse_constant=_refused)
"""Takes line breaks within strings, which models write; takes no NaN, which nobody else does."""


def _reading(text: str, start: int) -> _Reading:
    """Return the document that begins at `start`, or the fault and the place behind which to look further.

    What lies before a fault is not gone over again, so that the whole takes time in proportion to the text.
    """
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        return _fault(str(error), start, max(start + 1, error.pos))
    except RecursionError:
        return _fault(_TOO_DEEP, start, len(text))
    except ValueError as error:  # a constant or a number that is none
        return _fault(str(error), start, len(text))
    unfit = _unfit(value)
    return _Reading(value, None, start, end) if unfit is None else _fault(unfit, start, end)


def _fault(words: str, start: int, end: int) -> _Reading:
    return _Reading(None, words[:_FAULT_CHARACTERS], start, end)


def _unfit(value: JsonValue) -> str | None:
    """Return why a document cannot be kept as text of a ledger, None if it can."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MOST_LEVELS:
            return _TOO_DEEP
        level = [child for each in level for child in _children(each)]
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:  # a number beyond all floats, half a surrogate pair
        return "it holds a number or a character that JSON has not"
    return None


def _children(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
