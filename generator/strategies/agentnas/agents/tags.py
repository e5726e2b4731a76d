"""What stands in a model's answer: the Planner's actions between tags, blocks of code between fences.

Reading is bounded, and takes what chat models put around an answer. What cannot be read is a `Malformed`,
whose message is fit to be shown to the model. This module does *not* carry anything out.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from pydantic import JsonValue

MAX_CHARACTERS = 100_000
"""Of a longer answer only this much is read; our choice."""

MAX_WORDS = 4_000
"""Of a description, a recipe, a report or a summary this much is kept; our choice."""

_IDENTIFIER = re.compile(r"\barch_\d{1,6}\b")
_ARCH = re.compile(
    r"<ARCH\b([^>]{0,200})>(.*?)(?=</ARCH>|<ARCH\b|</EXPERIMENT>|\Z)", re.DOTALL | re.IGNORECASE
)
_OPENING = re.compile(r"\s*```\s*(\w*)")
_THOUGHT = "</think>"


class Malformed(ValueError):
    """An answer that does not say what was asked for; the message says what is missing."""


class Explore(NamedTuple):
    """The Data Explorer is sent for.

    Attributes:
        purpose: What for.
    """

    purpose: str


class Arch(NamedTuple):
    """An architecture, in words.

    Attributes:
        name: `arch_007`, as the model calls it; empty where it does not.
        description: What it is.
        reasoning: Why.
        recipe: How it is to be trained.
    """

    name: str
    description: str
    reasoning: str = ""
    recipe: str = ""


class Experiment(NamedTuple):
    """Architectures to be judged.

    Attributes:
        archs: They, at least one.
    """

    archs: tuple[Arch, ...]


class Stop(NamedTuple):
    """The search for a seed is over.

    Attributes:
        selected: Names of architectures, the model's favourites.
    """

    selected: tuple[str, ...]


Action = Explore | Experiment | Stop


def action(answer: str) -> Action:
    """Return the first action in a Planner's answer.

    Raises:
        Malformed: There is none, or it lacks a part.
    """
    text = spoken(answer)
    places = {name: text.upper().find(f"<{name}>") for name in ("EXPLORE", "EXPERIMENT", "STOP")}
    found = sorted((place, name) for name, place in places.items() if place >= 0)
    if not found:
        raise Malformed("there is no <EXPLORE>, <EXPERIMENT> or <STOP> in it")
    name = found[0][1]
    body = inside(text, name) or ""
    if name == "EXPLORE":
        return Explore(body[:MAX_WORDS] or "Describe the data.")
    if name == "STOP":
        return Stop(mentioned(body))
    archs = [_arch(each[1], each[2]) for each in _ARCH.finditer(body)]
    kept = tuple(each for each in archs if each.description)
    if not kept:
        raise Malformed('<EXPERIMENT> has no <ARCH id="arch_001"> with a <DESCRIPTION>')
    return Experiment(kept)


def inside(answer: str, tag: str) -> str | None:
    """Return what stands between a tag and its end, or the end of the answer; None where there is no tag."""
    found = re.search(rf"<{tag}>(.*?)(?:</{tag}>|\Z)", spoken(answer), re.DOTALL | re.IGNORECASE)
    return None if found is None else found[1].strip()


def mentioned(text: str) -> tuple[str, ...]:
    """Return the architectures that a text names, in order, each once."""
    return tuple(dict.fromkeys(_IDENTIFIER.findall(text)))


def blocks(answer: str, *labels: str) -> list[str]:
    """Return the contents of the fenced blocks with one of these labels, in order; the last may be open."""
    found: list[str] = []
    lines: list[str] | None = None
    wanted = False
    for line in spoken(answer).splitlines():
        fence = _OPENING.match(line)
        if fence is None:
            if lines is not None:
                lines.append(line)
        elif lines is None:
            lines, wanted = [], fence[1].lower() in labels
        else:
            found += ["\n".join(lines) + "\n"] if wanted else []
            lines = None
    return [*found, "\n".join(lines) + "\n"] if lines and wanted else found


def document(answer: str) -> JsonValue:
    """Return the last JSON document in a fence labelled so, None where there is none."""
    for text in reversed(blocks(answer, "json")):
        try:
            return json.loads(text[:MAX_WORDS], parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            continue
    return None


def spoken(answer: str) -> str:
    """Return what is read of an answer: behind what the model thought aloud."""
    text = answer[:MAX_CHARACTERS].replace("\r\n", "\n")
    return text.rpartition(_THOUGHT)[2]


def _arch(attributes: str, body: str) -> Arch:
    parts = {
        tag: (inside(body, tag) or "")[:MAX_WORDS] for tag in ("DESCRIPTION", "REASONING", "TRAINING_RECIPE")
    }
    name = next(iter(mentioned(attributes)), "")
    return Arch(name, parts["DESCRIPTION"], parts["REASONING"], parts["TRAINING_RECIPE"])
