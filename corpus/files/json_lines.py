"""Reads JSON lines, one row at a time, and names file and line where one is none.

This module does *not* know what a row holds: its caller parses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from corpus.files.reading import UnfitFile, read_lines
from corpus.records.mistakes import Mistake

Row = TypeVar("Row")


class JsonLinesError(Mistake):
    """A file, or one of its lines, that cannot be read as JSON lines."""


def json_lines(path: Path, parse: Callable[[str], Row] = json.loads, *, remedy: str) -> Iterator[Row]:
    r"""Yield what `parse` makes of each line of `path`, in order; blank lines are passed over.

    A line ends at "\n" alone: `str.splitlines` also ends it at U+2028, U+0085 and others, which JSON allows
    within a string. A byte-order mark at the start is no part of the first line.

    Args:
        path: A file in UTF-8.
        parse: Makes a row of a line, or raises ValueError, as `json` and pydantic do.
        remedy: What the user can do about a line that is no row; a sentence.

    Raises:
        JsonLinesError: The file cannot be read, or a line is no row or longer than any.
    """
    try:
        for number, line in enumerate(read_lines(path), start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                rows = [parse(text)] if text.strip() else []
            except (ValueError, RecursionError) as error:
                reason = what_is_wrong(error)
                raise JsonLinesError(f"{path}, line {number}: {reason}. {remedy}") from None
            yield from rows
    except UnfitFile as error:
        raise JsonLinesError(str(error)) from None
    except OSError as error:
        raise JsonLinesError(f"{path}: {error.strerror or error}. Check the path.") from None


def what_is_wrong(error: ValueError | RecursionError) -> str:
    """Return in a few words why a row was refused; of several reasons the first."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'the row'}: {first['msg']}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (byte {error.start + 1})"
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON ({error.msg} at column {error.colno})"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
