"""The stretches of a text that read as Python: prose before, between and after them is left out.

This module does *not* parse: it looks at single lines, so every text takes time in proportion to its length.
"""

from __future__ import annotations

import re

from generator.prompts.blocks import CHAT_MARKER, triple_quoted
from generator.prompts.code_lines import FIRST_LINE, STATEMENT, SURE_START, TOP_LEVEL_CODE, is_prose

PYTHON_LABELS = {"py", "python", "python3", "pytorch"}
"""What a fence says about its language where it holds Python."""

_FENCE_LINE = re.compile(r"^[ \t]*+(?:`{3,}+|~{3,}+)[^\n`]*+$", re.MULTILINE)


def clean(code: str) -> str:
    """Return `code` without chat markers and common indentation, with one newline at its end."""
    lines = [line.rstrip() for line in CHAT_MARKER.sub("", code).split("\n")]
    margins = [len(line) - len(line.lstrip()) for line in lines if line]
    margin = min(margins, default=0)
    return "\n".join(line[margin:] for line in lines).strip("\n") + "\n"


def without_caption(code: str) -> str:
    """Return `code` without a first line that is the name of the language, or one word and a blank line."""
    first, _, rest = code.partition("\n")
    is_caption = first.lower() in PYTHON_LABELS or (first.isidentifier() and rest.startswith("\n"))
    return rest.lstrip("\n") if is_caption else code


def trimmed(text: str, *, with_comments: bool = False) -> str | None:
    """Return `text` from its first to its last line that looks like code at top level, or None without any.

    Args:
        text: Code, maybe with prose before and after it.
        with_comments: Whether comments right above the first line of code belong to it.
    """
    text = clean(_FENCE_LINE.sub("", text))
    first = FIRST_LINE.search(text)
    if first is None or not STATEMENT.search(text):
        return None
    lines = text.split("\n")
    begin = text.count("\n", 0, first.start())
    return _without_prose_below(lines[_with_comments_above(lines, begin) if with_comments else begin :])


def stretches(text: str) -> list[str]:
    """Return what begins with a line that reads as code and ends before a paragraph of prose."""
    lines = text.split("\n")
    inside = _lines_inside_strings(text)
    bounds: list[tuple[int, int]] = []
    begin, margin = -1, 0
    for number, line in enumerate(lines):
        bare = line.lstrip(" \t")
        if not bare or (begin >= 0 and number in inside):
            continue
        indentation = len(line) - len(bare)
        new_paragraph = indentation == margin and not lines[number - 1].strip()
        if begin >= 0 and (indentation < margin or (new_paragraph and is_prose(bare))):
            bounds.append((begin, number))
            begin = -1
        if begin < 0 and _starts_code(bare):
            begin, margin = _with_comments_above(lines, number), indentation
    if begin >= 0:
        bounds.append((begin, len(lines)))
    return [_without_prose_below(clean("\n".join(lines[begin:end])).split("\n")) for begin, end in bounds]


def _without_prose_below(lines: list[str]) -> str:
    lines = lines[:]
    while lines and not (lines[-1].startswith((" ", "\t")) or TOP_LEVEL_CODE.match(lines[-1])):
        lines.pop()
    return clean("\n".join(lines))


def _starts_code(line: str) -> bool:
    return SURE_START.match(line) is not None or (FIRST_LINE.match(line) is not None and not is_prose(line))


def _with_comments_above(lines: list[str], number: int) -> int:
    while number and lines[number - 1].lstrip(" \t").startswith("# "):
        number -= 1
    return number


def _lines_inside_strings(text: str) -> set[int]:
    """Return the numbers of the lines that begin inside a triple-quoted string."""
    inside: set[int] = set()
    number, position = 0, 0
    for start, end in triple_quoted(text):
        number += text.count("\n", position, start)
        last = number + text.count("\n", start, end)
        inside.update(range(number + 1, last + 1))
        number, position = last, end
    return inside
