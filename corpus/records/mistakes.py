"""The user's mistake as one type: whatever derives from it is one line with the remedy, and exit code 2.

Bad programs are *not* errors (they are evaluations), and broken machinery raises whatever broke. This module
imports nothing, so that the command line can catch mistakes before it has loaded anything.
"""

from __future__ import annotations

from collections.abc import Iterable


class Mistake(Exception):
    """Something that the user can mend; nothing was changed, and nothing that was finished is lost.

    Its text is one line that names the thing, the fact and the remedy, in that order.
    """


def command_line(*words: object) -> str:
    """Return `words` as a line that a shell reads as just these words, for remedies that are commands."""
    import shlex

    return shlex.join(map(str, words))


def did_you_mean(wrong: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return ` Did you mean 'x'?` for the name of `known` that is most like `wrong`, else `otherwise`."""
    from difflib import get_close_matches

    close = get_close_matches(wrong, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else otherwise


def one_of(wrong: str, known: Iterable[str]) -> str:
    """Return the closest of `known` as a question, or all of them where none is close."""
    names = sorted(known)
    return did_you_mean(wrong, names, f" Known: {', '.join(names)}.")
