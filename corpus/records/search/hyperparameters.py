"""What a candidate is trained with in place of what the protocol hands to all: numbers, and augmentations.

Both are part of the candidate, as if its program had written them down, and no part of the protocol. This
module does *not* choose any.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from corpus.records.base import Record

MOST = 16
"""Hyperparameters that a candidate may bring along; our choice."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


class Hyperparameter(Record):
    """A value by its name: as `prm` of the LEMUR contract holds it, or the strength of an augmentation."""

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

AUGMENTATIONS: Mapping[str, Range] = {
    "flip": Range(0.0, 1.0),
    "shift": Range(0.0, 0.25),
    "contrast": Range(0.0, 0.9),
    "brightness": Range(0.0, 1.0),
    "noise": Range(0.0, 1.0),
    "erase": Range(0.0, 1.0),
}
"""What may be done to training images, and how strongly (`evaluator.child.augmenting` says in which unit)."""

_OTHERS = Range(0.0, 1.0)
_ALIASES = {"learning_rate": "lr", "batch_size": "batch", "wd": "weight_decay"}


def in_words(values: Iterable[Hyperparameter]) -> str:
    """Return values in one line: `lr 0.05, momentum 0.9`."""
    return ", ".join(f"{each.name} {each.value:g}" for each in values)


def fitting(values: object) -> tuple[Hyperparameter, ...]:
    """Return what may be given of the hyperparameters that somebody names, by name; the rest is left out.

    Args:
        values: A mapping of names to numbers, as a model's JSON may hold it, or anything else, which holds
            none.
    """
    return _fitting(values, RANGES, _OTHERS)


def fitting_augmentations(values: object) -> tuple[Hyperparameter, ...]:
    """Return what may be done of the augmentations that somebody names, likewise; strength 0 is none."""
    return tuple(each for each in _fitting(values, AUGMENTATIONS, None) if each.value > 0)


def _fitting(values: object, ranges: Mapping[str, Range], others: Range | None) -> tuple[Hyperparameter, ...]:
    if not isinstance(values, Mapping):
        return ()
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(name, str):
            continue
        name = _ALIASES.get(name, name)
        known = ranges.get(name, others)
        number = float(value) if abs(value) < 2**53 else math.inf
        if known is not None and _NAME.fullmatch(name) and known.holds(number):
            found[name] = number
    return tuple(Hyperparameter(name=name, value=found[name]) for name in sorted(found)[:MOST])
