"""The hunks in an answer: search/replace blocks, or a unified diff.

    <<<<<<< SEARCH                      @@ -12,2 +12,2 @@
            self.fc = nn.Linear(8, 10)           x = self.conv(x)
    =======                             -        self.fc = nn.Linear(8, 10)
            self.fc = nn.Linear(6, 10)  +        self.fc = nn.Linear(6, 10)
    >>>>>>> REPLACE

Marks of three to nine signs will do, with or without words, and fences around or inside blocks are no part of
them. Line numbers of a diff are not read, since models count badly. Blocks count before diffs, and what a
model thinks aloud (`<think>`) does not count.

A block that never ends is left out: it may be cut off in the middle. This module does *not* know the program
that is edited.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAX_CHARACTERS = 250_000
"""Of a longer answer only this much is read. Our choice, as for whole programs."""

MOST_HUNKS = 64
"""Hunks of one answer that are read; our choice: more is a new program, not an edit."""

_OPEN = re.compile(r"\s*<{3,9} ?(?:SEARCH|ORIGINAL|OLD|BEFORE|HEAD)?:?\s*", re.IGNORECASE)
_MIDDLE = re.compile(r"\s*={3,9}\s*")
_CLOSE = re.compile(r"\s*>{3,9} ?(?:REPLACE|UPDATED|NEW|AFTER)?:?\s*", re.IGNORECASE)
_FENCE = re.compile(r"\s*(?:```|~~~)")
_DIFF_FENCE = re.compile(r"\s*(?:```|~~~) ?(?:diff|patch)\s*", re.IGNORECASE)


class Hunk(NamedTuple):
    """Lines that stand in a program, and what shall stand there instead."""

    old: tuple[str, ...]
    new: tuple[str, ...]


def read_hunks(answer: str) -> list[Hunk]:
    """Return the hunks of an answer in their order, at most `MOST_HUNKS`; none where it holds no edit.

    Time grows with the number of characters, of which at most `MAX_CHARACTERS` are read.
    """
    text = answer[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    lines = text.rpartition("</think>")[2].split("\n")
    return (list(_blocks(lines)) or list(_diff(lines)))[:MOST_HUNKS]


def _blocks(lines: Sequence[str]) -> Iterator[Hunk]:
    old: list[str] | None = None
    new: list[str] | None = None
    for line in lines:
        if _OPEN.fullmatch(line):
            old, new = [], None
        elif old is not None and new is None and _MIDDLE.fullmatch(line):
            new = []
        elif old is not None and new is not None and _CLOSE.fullmatch(line):
            yield Hunk(_unfenced(old), _unfenced(new))
            old = new = None
        elif new is not None:
            new.append(line)
        elif old is not None:
            old.append(line)


def _unfenced(lines: Sequence[str]) -> tuple[str, ...]:
    """Return lines without a fence around them."""
    fenced = len(lines) >= 2 and _FENCE.match(lines[0]) and _FENCE.match(lines[-1])
    return tuple(lines[1:-1] if fenced else lines)


def _diff(lines: Sequence[str]) -> Iterator[Hunk]:
    old: list[str] | None = None
    new: list[str] = []
    changed = False
    for line, following in itertools.pairwise([*lines, "```", ""]):
        header = line.startswith("--- ") and following.startswith("+++ ")
        within = old is not None and not header and (not line or line[0] in " +-\\\t")
        if not within:
            if old is not None and changed:
                yield Hunk(tuple(old), tuple(new))
            opens = line.startswith("@@") or _DIFF_FENCE.fullmatch(line) is not None
            old, new, changed = [] if opens else None, [], False
        elif old is not None and not line.startswith(("\\", "+++ ")):
            sign, rest = (line[0], line[1:]) if line[:1] in tuple(" +-") else (" ", line)
            changed = changed or sign != " "
            if sign != "+":
                old.append(rest)
            if sign != "-":
                new.append(rest)
