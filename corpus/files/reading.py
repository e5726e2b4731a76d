"""Reads files that somebody else may have made: regular ones, and no more of them than stated.

A pipe or a device in a file's place is refused, not waited for, and a file that grows while it is read stays
within its bound. Each reader states its own bound beside itself; docs/design.md lists them. This module does
*not* parse anything.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from corpus.records.mistakes import Mistake

MAX_PROGRAM_BYTES = 400_000
"""Largest program file: the evaluator's limit of 100,000 characters, four bytes each."""

MAX_NOTES_BYTES = 1_000_000
"""Largest file of a run that describes it: its `env.json` has a few kilobytes."""

MAX_ROW_BYTES = 8_000_000
"""Longest line of a file of JSON lines: a program, its raw answer and the chat that asked for it."""


class UnfitFile(Mistake, OSError):
    """A file that is not read: it is none, or larger than anything that could stand there."""


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, without waiting for whoever writes.

    Raises:
        UnfitFile: It is a directory, a pipe, a socket or a device.
        OSError: It cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnfitFile(f"{path}: not a regular file. Put one there that holds the bytes itself.")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: Path, limit: int, *, pipes: bool = False) -> bytes:
    """Return the content of a file of at most `limit` bytes.

    Args:
        path: The file.
        limit: Most bytes that could stand there.
        pipes: Whether a pipe is waited for: one that the user named on the command line.

    Raises:
        UnfitFile: It is larger, or not a regular file.
        OSError: It cannot be read.
    """
    with path.open("rb") if pipes else open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise UnfitFile(f"{path}: larger than {limit:,} bytes, which is the most for such a file.")
    return content


def read_text(path: Path, limit: int, *, errors: str = "strict", pipes: bool = False) -> str:
    """Return the text of a UTF-8 file of at most `limit` bytes, each of its lines ended by `\\n` alone.

    A byte order mark is left out.

    Raises:
        UnfitFile: It is larger, or not a regular file.
        OSError: It cannot be read.
        UnicodeDecodeError: It is no UTF-8, and `errors` is `strict`.
    """
    text = read_bytes(path, limit, pipes=pipes).decode("utf-8-sig", errors)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_lines(path: Path, limit: int = MAX_ROW_BYTES) -> Iterator[bytes]:
    """Yield the lines of a file, each of at most `limit` bytes; a line ends at `\\n` alone.

    Raises:
        UnfitFile: A line is longer, or it is not a regular file.
        OSError: It cannot be read.
    """
    with open_regular(path) as file:
        number = 0
        while line := file.readline(limit + 1):
            number += 1
            if len(line) > limit:
                raise UnfitFile(f"{path}, line {number}: longer than {limit:,} bytes, the most for a row.")
            yield line
