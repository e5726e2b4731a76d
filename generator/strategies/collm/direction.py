"""A strategy of the search in words, and the text in which it stands beside each candidate.

The text is the candidate's `idea`: which operations its strategy preferred, and the point that came of it.
So how far candidates follow their strategies can be read from the ledger (`cycles.figures.adherence`).

This module does *not* make strategies or candidates.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from pydantic import JsonValue

from corpus.records.search.proposals import DecidedBy

FALLBACK = "fallback"
"""How a strategy is marked that no model gave."""

MAX_WORDS_CHARACTERS = 600

_NOTHING = "-"
_IDEA = re.compile(rf"(?:({FALLBACK}); )?prefer ([^;]*); avoid ([^;]*); explore ([^;:]*): (.*)", re.DOTALL)


@dataclass(frozen=True)
class Direction:
    """A strategy: what the next candidates shall be like.

    Attributes:
        prefer: Operations that there shall be more of.
        avoid: Operations that there shall be fewer of.
        explore: Operations that are to be tried, since little is known of them.
        words: The strategy in prose, for the generator alone.
        by: Who made it: a model, or the rule.
    """

    prefer: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    explore: tuple[str, ...] = ()
    words: str = ""
    by: DecidedBy = DecidedBy.RULE

    def idea(self, outcome: str) -> str:
        """Return the strategy, without its prose, and what came of it."""
        mark = f"{FALLBACK}; " if self.by is DecidedBy.RULE else ""
        lists = (", ".join(each) or _NOTHING for each in (self.prefer, self.avoid, self.explore))
        return "{}prefer {}; avoid {}; explore {}: {}".format(mark, *lists, outcome)

    def document(self) -> dict[str, JsonValue]:
        """Return the strategy as a navigator writes it."""
        return {
            "strategy": self.words,
            "prefer": list(self.prefer),
            "avoid": list(self.avoid),
            "explore": list(self.explore),
        }


def read_idea(text: str) -> tuple[Direction, str] | None:
    """Return the strategy that `Direction.idea` wrote, and what came of it; None for any other text."""
    match = _IDEA.fullmatch(text)
    if match is None:
        return None
    prefer, avoid, explore = (
        tuple(part.split(", ")) if part != _NOTHING else () for part in match.group(2, 3, 4)
    )
    by = DecidedBy.RULE if match[1] else DecidedBy.MODEL
    return Direction(prefer, avoid, explore, by=by), match[5]


def direction_in(document: dict[str, JsonValue], vocabulary: Collection[str]) -> Direction:
    """Return the strategy of a navigator's document; operations that there are not are left out.

    One that is listed twice counts where it stands first: preferred, avoided, to be explored.
    """
    known: set[str] = set()

    def listed(name: str) -> tuple[str, ...]:
        found = document.get(name)
        words = [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
        new = tuple(dict.fromkeys(each for each in words if each in vocabulary and each not in known))
        known.update(new)
        return new

    words = str(document.get("strategy", ""))[:MAX_WORDS_CHARACTERS]
    return Direction(listed("prefer"), listed("avoid"), listed("explore"), words, DecidedBy.MODEL)
