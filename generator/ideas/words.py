"""Words of a text as they are compared: in small letters, without endings, common words left out.

`normalisation`, `normalization` and `normalized` are one word, `Conv2d` and `conv` too. The endings are few
and the rule is crude on purpose: it only has to find that two texts speak of the same thing. This module does
*not* know what a word means.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+")
_BRITISH = re.compile(r"is(e|ed|es|er|ers|ing|ation|ations)$")
_DIMENSIONS = re.compile(r"(?<=[a-z])[123]d$")
_ENDINGS = ("ations", "ation", "ings", "ing", "ed", "es", "s", "e")
_SHORTEST_STEM = 3

_COMMON = """
    a about above after all also an and any are as at be because been before being below between
    both but by can could did do does doing down each either else et for from further had has have
    having he her here hers him his how i if in into is it its itself just may might more most much
    must my neither no nor not of off on once one only or other our out over own per same several
    she should so some such than that the their them then there these they this those through thus
    to too two under until up upon us use used uses using very via was we were what when where
    whether which while who whom whose why will with within without would you your
"""
COMMON = frozenset(_COMMON.split())
"""Words that say nothing of a subject; our choice."""


def plain_words(text: str) -> list[str]:
    """Return the words of a text in small letters, in order."""
    return _WORD.findall(text.lower())


def content_words(text: str) -> list[str]:
    """Return the stems of the words that say something, in order, with repeats."""
    return [stem(word) for word in plain_words(text) if word not in COMMON and len(word) > 1]


# A memo of a pure function: papers are written with a few thousand words.
@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a word in small letters without its ending."""
    word = _BRITISH.sub(r"iz\1", _DIMENSIONS.sub("", word))
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM and not word.endswith("ss"):
            return word.removesuffix(ending)
    return word
