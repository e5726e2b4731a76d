"""The arms of a comparison, named by what differs from the closed loop. No other place names them.

An arm is who searches together with who teaches; runs of one arm differ by their seeds. This module does
*not* compare anything.
"""

from __future__ import annotations

from typing import NamedTuple

from cycles.config.run import RunConfig
from cycles.config.teaching import Teachers


class ArmName(NamedTuple):
    """What an arm is called.

    Attributes:
        key: For files and style sheets: letters and hyphens.
        words: For sentences.
        label: For the end of a line in a chart, which has room for nine letters.
    """

    key: str
    words: str
    label: str


CLOSED_LOOP = ArmName("loop", "closed loop", "loop")
"""The arm that all others are a control of."""

_NAMES = {
    ("closed-loop", Teachers.WINNERS): CLOSED_LOOP,
    ("closed-loop", Teachers.RANDOM_VALID): ArmName("random-valid", "random-valid control", "any valid"),
    ("closed-loop", Teachers.NOBODY): ArmName("frozen", "frozen control", "frozen"),
    ("random", Teachers.NOBODY): ArmName("random-search", "random search", "random"),
}


def arm_of(config: RunConfig) -> ArmName:
    """Return the arm that a run with this configuration belongs to."""
    searcher, teachers = config.strategy.name, config.teaching.by
    composed = ArmName(f"{searcher}-{teachers}", f"{searcher}, taught by {teachers}", searcher)
    return _NAMES.get((searcher, teachers), composed)


def in_order(arms: set[ArmName]) -> list[ArmName]:
    """Return arms in the order in which people read them: the closed loop first, its controls after it."""
    known = list(_NAMES.values())
    return sorted(arms, key=lambda arm: (known.index(arm) if arm in known else len(known), arm))
