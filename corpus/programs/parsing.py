"""A program's syntax tree: the one place where a stranger's text meets Python's parser.

The parser's time grows with the text alone, but for two kinds of text that no network needs and that cost it
the square of their length: the dotted name of an imported module, joined part by part, and the fields of one
formatted string, each looked for from its start. Both are bounded here before the parser sees them, so the
longest text takes it well under a second. This module does *not* run anything.
"""

from __future__ import annotations

import ast
import re
import warnings

MAX_CHARACTERS = 100_000
"""Longest text that is parsed: the evaluator runs none that is longer."""

MAX_MODULE_DOTS = 100
"""Most dots in one import statement's first names; ten are unusual."""

MAX_BRACES = 10_000
"""Most opening braces: of dictionaries, sets and the fields of formatted strings."""

_IMPORTED = re.compile(r"\b(?:import|from)\b(?:[\w. \t\f]|\\\r?\n)*")


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a program from anywhere.

    Raises:
        SyntaxError: Python cannot parse it, whatever the parser stumbled over, or it is beyond the bounds.
    """
    if len(source) > MAX_CHARACTERS:
        raise SyntaxError(f"more than {MAX_CHARACTERS} characters")
    if source.count("{") > MAX_BRACES:
        raise SyntaxError(f"more than {MAX_BRACES} opening braces")
    if any(found[0].count(".") > MAX_MODULE_DOTS for found in _IMPORTED.finditer(source)):
        raise SyntaxError(f"an import with more than {MAX_MODULE_DOTS} dots")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes and the like are the program's own affair
            return ast.parse(source)
    except SyntaxError as error:
        raise SyntaxError(f"line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes, nesting too deep for the parser
        raise SyntaxError(str(error) or "nested too deeply") from None
