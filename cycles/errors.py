"""The user's mistakes, as exceptions: each message is one line that names the place and the remedy.

Bad programs are *not* errors (they are evaluations), and broken machinery raises whatever broke.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UsageError(Exception):
    """Something the user gave cannot be used; the command ends with exit code 2 and changes nothing."""


class ConfigError(UsageError):
    """The configuration cannot be used."""


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the closest of `known`, or the list of what is known."""
    names = sorted(known)
    close = get_close_matches(wrong, names, n=1)
    return f" Did you mean '{close[0]}'?" if close else f" Known: {', '.join(names)}."
