"""Nested calls as lines of a program: on one line where they fit, else one argument a line.

This module does *not* know what the calls mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LINE_LENGTH = 100
"""Longest line, where a call has arguments to break it at; our choice."""

_STEP = 4


@dataclass(frozen=True, slots=True)
class Phrase:
    """An expression that may be broken.

    Attributes:
        opening: Its text up to the first argument: `nn.Sequential(`; all of it where there are none.
        arguments: What stands in it.
        closing: Its text behind the last argument.
        loop: How often its only argument is made, in a loop over a range; 0 where there is no loop.
        comment: What stands behind it as a comment. A line with a comment holds nothing else.
    """

    opening: str
    arguments: tuple[Phrase, ...] = ()
    closing: str = ""
    loop: int = 0
    comment: str = ""


def separate(text: str) -> list[str]:
    """Return the expressions in a text that has commas between them: `a(1, 2), b()`. It holds no strings."""
    depth, parts = 0, [""]
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def written(phrase: Phrase, indent: int, before: str = "", behind: str = "") -> Iterator[str]:
    """Yield the lines of a phrase.

    Args:
        phrase: What is written.
        indent: Blanks in front of it.
        before: What stands in front of it on its first line.
        behind: What stands behind it on its last.
    """
    blanks, line = " " * indent, _on_one_line(phrase)
    fits = line is not None and len(before) + indent + len(line) + len(behind) <= LINE_LENGTH
    if line is not None and (fits or not phrase.arguments):
        yield blanks + before + line + behind
    elif not phrase.arguments:
        yield f"{blanks}{before}{phrase.opening}{behind}  # {phrase.comment}"
    else:
        yield blanks + before + phrase.opening
        for argument in phrase.arguments:
            yield from written(argument, indent + _STEP, behind="" if phrase.loop else ",")
        if phrase.loop:
            yield f"{blanks}{' ' * _STEP}for _ in range({phrase.loop})"
        yield blanks + phrase.closing + behind


def _on_one_line(phrase: Phrase) -> str | None:
    """Return a phrase on one line, None where a comment is in it."""
    arguments = [_on_one_line(argument) for argument in phrase.arguments]
    known = [argument for argument in arguments if argument is not None]
    if phrase.comment or len(known) < len(arguments):
        return None
    loop = f" for _ in range({phrase.loop})" if phrase.loop else ""
    return phrase.opening + ", ".join(known) + loop + phrase.closing
