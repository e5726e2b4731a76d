"""The shortest search/replace blocks that lead from one program to another.

Each block holds whole lines, and as many of those above it as make it unique. This module does *not* shorten
what it is given: what differs is written, whatever it is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from generator.edits.applying import apply_answer

Marks = Literal["long", "short"]
"""`long` are the marks that code models know; `short` are the same without words and of three signs, which
cost the embedded model fewer tokens."""

_MARKS = {
    "long": ("<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"),
    "short": ("<<<", "===", ">>>"),
}

MOST_LINES = 1_000
"""Lines that are compared one by one. Our choice: between longer texts all that lies between their equal ends
is one block, since comparing takes up to the square of their lines."""

MOST_CONTEXT = 60
"""Lines of context that a block gets at most; our choice."""


class _Block(NamedTuple):
    """Lines `start` to `end` of the old text, which become lines `first` to `last` of the new one."""

    start: int
    end: int
    first: int
    last: int


def write_edit(before: str, after: str, marks: Marks = "long") -> str | None:
    """Return the edit that makes `after` of `before`, as an answer that ends in a newline.

    None where there is none: the two are equal, or hold lines that are marks themselves, or too much of
    `before` is the same line again and again.
    """
    old, new = before.strip("\n").split("\n"), after.strip("\n").split("\n")
    differing = list(_differing(old, new))
    if not differing:
        return None
    hull = _Block(differing[0].start, differing[-1].end, differing[0].first, differing[-1].last)
    for blocks in (_apart(old, differing), [_unique(old, hull)]):
        text = "".join(_written(old, new, block, _MARKS[marks]) for block in blocks)
        if apply_answer(before, text).text == "\n".join([*new, ""]):
            return text
    return None


def _written(old: Sequence[str], new: Sequence[str], block: _Block, marks: tuple[str, str, str]) -> str:
    opening, middle, closing = marks
    before, after = old[block.start : block.end], new[block.first : block.last]
    return "\n".join([opening, *before, middle, *after, closing, ""])


def _apart(old: Sequence[str], differing: Sequence[_Block]) -> list[_Block]:
    """Return blocks that each stand in `old` once and do not touch."""
    blocks: list[_Block] = []
    for block in differing:
        grown = _unique(old, block)
        while blocks and grown.start <= blocks[-1].end:
            last = blocks.pop()
            grown = _unique(old, _Block(last.start, grown.end, last.first, grown.last))
        blocks.append(grown)
    return blocks


def _differing(old: Sequence[str], new: Sequence[str]) -> Iterator[_Block]:
    """Yield the stretches in which two texts differ."""
    shorter = min(len(old), len(new))
    head = next((place for place in range(shorter) if old[place] != new[place]), shorter)
    rest = shorter - head
    tail = next((place for place in range(rest) if old[-1 - place] != new[-1 - place]), rest)
    ends = len(old) - tail, len(new) - tail
    if max(ends) - head > MOST_LINES:
        yield _Block(head, ends[0], head, ends[1])
        return
    matcher = SequenceMatcher(None, old[head : ends[0]], new[head : ends[1]], autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind != "equal":
            yield _Block(head + start, head + end, head + first, head + last)


def _unique(old: Sequence[str], block: _Block) -> _Block:
    """Return `block` with as many lines above it, then below it, as make it stand in `old` once."""
    start, end, first, last = block
    keys = [line.rstrip() for line in old]
    text = "".join(f"\n{line}" for line in keys) + "\n"
    for _ in range(MOST_CONTEXT):
        if _stands_once(text, keys[start:end]):
            break
        if start > 0:
            start, first = start - 1, first - 1
        elif end < len(old):
            end, last = end + 1, last + 1
    return _Block(start, end, first, last)


def _stands_once(text: str, lines: Sequence[str]) -> bool:
    if not any(lines):
        return False
    part = "".join(f"\n{line}" for line in lines) + "\n"
    place = text.find(part)
    return place >= 0 and text.find(part, place + 1) < 0
