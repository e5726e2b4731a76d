"""What a child prints: its beginning and its end are kept, however much it is.

This module does *not* decide when it is too much.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

KEPT_CHARACTERS = 5_000
"""Kept of the beginning, and as many of the end."""

_NOTICE_CHARACTERS = 60
"""Room for the line that says how much is left out."""


@dataclass(frozen=True)
class Printed:
    """The text that a child has printed, or what is kept of it.

    Attributes:
        head: Its first `KEPT_CHARACTERS`.
        tail: Its last `KEPT_CHARACTERS`, which may overlap the first.
        characters: How many there were.
    """

    head: str = ""
    tail: str = ""
    characters: int = 0

    def excerpt(self, limit: int) -> tuple[str, int]:
        """Return the text in at most `limit` characters, and how many of its own are missing.

        A longer text keeps its beginning and its end; a line between them says how much is left out.

        Args:
            limit: At most `KEPT_CHARACTERS`, and room for more than the line.
        """
        if self.characters <= limit:
            return _legible(self.head), 0
        kept = limit - _NOTICE_CHARACTERS
        left_out = self.characters - kept
        notice = f"\n[... {left_out} characters are left out here ...]\n"
        end = kept // 2
        return f"{_legible(self.head[: kept - end])}{notice}{_legible(self.tail[-end:])}", left_out


class PrintedReader:
    """Takes in what a child prints, as bytes that come in pieces."""

    def __init__(self) -> None:
        self.bytes = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._printed = Printed()

    def feed(self, data: bytes) -> None:
        """Take in what arrived."""
        self.bytes += len(data)
        self._printed = self._with(self._decoder.decode(data))

    def close(self) -> Printed:
        """Return what is kept; half a character at the end counts as one."""
        return self._with(self._decoder.decode(b"", final=True))

    def _with(self, text: str) -> Printed:
        before = self._printed
        return Printed(
            (before.head + text[:KEPT_CHARACTERS])[:KEPT_CHARACTERS],
            (before.tail + text[-KEPT_CHARACTERS:])[-KEPT_CHARACTERS:],
            before.characters + len(text),
        )


def printable(text: str, blanks: str = "\n") -> str:
    """Return `text` without the control characters that would let a program write to the user's terminal.

    Args:
        text: Any text; it stays as long as it is.
        blanks: Control characters that stay.
    """
    return "".join(each if each.isprintable() or each in blanks else "?" for each in text)


def _legible(text: str) -> str:
    """Return output with its columns and lines; a progress bar's carriage return begins a line."""
    return printable(text.replace("\r", "\n"), "\n\t")
