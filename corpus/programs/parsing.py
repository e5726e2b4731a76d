"""The syntax tree of a text from anywhere: a model's answer, a stranger's file.

Whatever the parser stumbles over becomes a `SyntaxError`, and it prints no warning. Its time grows with the
text alone, but for two kinds of text that no network needs and that cost it the square of their length: the
dotted name of an imported module, joined part by part, and the fields of one formatted string, each looked
for from its start. Both are bounded here before the parser sees them, so the longest text takes it well under
a second. This module does *not* say what a tree is worth, and it is no jail: a text is parsed in the process
that asks.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

MAX_CHARACTERS = 100_000
"""Longest text that is parsed; the largest programs of the reference's corpus have a third of that."""

MAX_MODULE_DOTS = 100
"""Most dots in one import statement's first names; ten are unusual."""

MAX_BRACES = 10_000
"""Most opening braces: of dictionaries, sets and the fields of formatted strings."""

_IMPORTED = re.compile(r"\b(?:import|from)\b(?:[\w. \t\f]|\\\r?\n)*")


class TooLong(SyntaxError):
    """The text is longer than any program is."""


def parse(source: str, *, most: int = MAX_CHARACTERS) -> ast.Module:
    """Return the syntax tree of `source`.

    Args:
        source: The text.
        most: Most characters that are looked at, for readers of whole files, which are longer than programs.

    Raises:
        TooLong: It has more than `most`, and was not looked at.
        SyntaxError: Python cannot parse it, or it is beyond the other bounds. The error has a line where the
            fault has one.
    """
    if len(source) > most:
        raise TooLong(f"{len(source)} characters, the limit is {most}")
    if source.count("{") > MAX_BRACES:
        raise SyntaxError(f"more than {MAX_BRACES} opening braces")
    if any(found[0].count(".") > MAX_MODULE_DOTS for found in _IMPORTED.finditer(source)):
        raise SyntaxError(f"an import with more than {MAX_MODULE_DOTS} dots")
    with only_syntax_errors():
        return ast.parse(source)


def parse_or_none(source: str) -> ast.Module | None:
    """Return the syntax tree of `source`, or None where Python has none to give."""
    try:
        return parse(source)
    except SyntaxError:
        return None


@contextmanager
def only_syntax_errors() -> Iterator[None]:
    """Let parser and compiler raise nothing but `SyntaxError`, and print nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes and the like are the program's own affair
            yield
    except ValueError as error:  # null bytes, lone surrogates
        raise SyntaxError(str(error)) from None
    except (RecursionError, MemoryError):  # how the parser says that its stack has an end
        raise SyntaxError("nested too deeply") from None
