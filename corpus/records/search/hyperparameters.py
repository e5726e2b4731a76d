"""Hyperparameters that a candidate brings along, in place of those that the protocol hands to all.

They are part of the candidate, as if its program had written them down, and no part of the protocol. This
module does *not* choose any.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from corpus.records.base import Record

MOST = 16
"""Hyperparameters that a candidate may bring along; our choice."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


class Hyperparameter(Record):
    """A value by its name, as `prm` of the LEMUR contract holds it."""

    name: str
    value: float


class Range(NamedTuple):
    """The values that a hyperparameter may have.

    Attributes:
        low, high: The least and the most.
        whole: Whether it is a whole number.
    """

    low: float
    high: float
    whole: bool = False

    def holds(self, value: float) -> bool:
        """Return whether a value is among them."""
        return self.low <= value <= self.high and (not self.whole or value == int(value))


RANGES: Mapping[str, Range] = {
    "lr": Range(1e-5, 1.0),
    "momentum": Range(0.0, 0.999),
    "dropout": Range(0.0, 0.9),
    "batch": Range(4, 256, whole=True),
    "weight_decay": Range(0.0, 0.1),
}
"""Ranges of those that every protocol knows; our choice. All others lie in [0, 1], as LEMUR has them."""

_OTHERS = Range(0.0, 1.0)
_ALIASES = {"learning_rate": "lr", "batch_size": "batch", "wd": "weight_decay"}


def fitting(values: object) -> tuple[Hyperparameter, ...]:
    """Return what may be given of the values that somebody names, by name; the rest is left out.

    Args:
        values: A mapping of names to numbers, as a model's JSON may hold it, or anything else, which holds
            none.
    """
    if not isinstance(values, Mapping):
        return ()
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(name, str):
            continue
        name = _ALIASES.get(name, name)
        number = float(value) if abs(value) < 2**53 else math.inf
        if _NAME.fullmatch(name) and RANGES.get(name, _OTHERS).holds(number):
            found[name] = number
    return tuple(Hyperparameter(name=name, value=found[name]) for name in sorted(found)[:MOST])
