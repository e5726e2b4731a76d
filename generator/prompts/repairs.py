"""A completion without what its way did to it: odd spaces, quote marks, the signs of a diff.

This module does *not* mend code: no character of a program changes but spaces that Python takes for none.
"""

from __future__ import annotations

import re

_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys(_INVISIBLE, ""),
        **dict.fromkeys("\u0085\u2028\u2029", "\n"),
    }
)
_QUOTED = re.compile(r"^ {0,3}(?!>>>)(?:> ?){0,3}>", re.MULTILINE)
_MARGIN_OF_QUOTE = re.compile(r"^ {0,3}(?!>>>)(?:> ?){0,3}> ?", re.MULTILINE)
_QUOTED_AT_MARGIN = re.compile(r"^ {0,3}(?!>>>)(?:> ?){0,3}>[^\s>]", re.MULTILINE)
_DIFF_HEADER = ("+++ ", "--- ", "@@", "diff --git ", "index ", "new file mode ", "\\ No newline")
_FEWEST_ADDED_LINES = 3


def readings(text: str) -> list[str]:
    """Return `text` as it is, then without odd spaces, then also without quote marks and a diff's signs.

    A reading that equals the one before it is left out.
    """
    spaced = text.translate(_CHARACTERS)
    bare = _added(_unquoted(spaced))
    return list(dict.fromkeys([text, spaced, bare]))


def has_odd_spaces(text: str) -> bool:
    """Whether `text` holds spaces, line breaks or invisible characters that Python takes for none."""
    return text.translate(_CHARACTERS) != text


def _unquoted(text: str) -> str:
    """Return `text` without quote marks and, where every quoted line has one, the blank behind them."""
    marks = _QUOTED if _QUOTED_AT_MARGIN.search(text) else _MARGIN_OF_QUOTE
    return marks.sub("", text)


def _added(text: str) -> str:
    """Return the new side of a diff, or `text` where it is none."""
    lines = text.split("\n")
    if sum(line.startswith("+") for line in lines) < _FEWEST_ADDED_LINES:
        return text
    return "\n".join(
        line[1:] if line.startswith(("+", " ")) else line
        for line in lines
        if not line.startswith((*_DIFF_HEADER, "-"))
    )
