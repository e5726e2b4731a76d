"""What a slotted network is: a program with holes, and what may fill each.

The scaffold is a LEMUR program that builds `SLOT_name()` where a part of the network was, and calls it with
one tensor, or with two where the slot is dual. Shapes are exact, so that any alternative of one slot goes
with any of another. The first alternative of a slot is what the seed has there.

Bounds are for what models write. This module does *not* look into the texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from corpus.records.base import Record

MAX_SLOTS = 40
"""Most slots of a network, ten to twenty are usual; our choice."""

MAX_ALTERNATIVES = 16
"""Most alternatives of a slot, four to eight are usual; our choice."""

MAX_TEXT = 20_000
"""Longest text of an alternative, in characters; our choice."""

MAX_SCAFFOLD = 60_000
"""Longest scaffold, in characters; our choice."""

RATES = (1.0, 0.25, 0.5, 2.0, 4.0)
"""Factors on the learning rate, of which every network has one, the seed's first: the published ones."""

PREFIX = "SLOT_"
"""Begins the names of the classes that a scaffold builds."""

Origin = Literal["seed", "identity", "zero", "rule", "library", "model"]
"""Who an alternative comes from."""

Axes = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, max_length=4)]
"""Shape of a tensor, the batch aside."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,40}$")]


class Alternative(Record):
    """What may fill a slot.

    Attributes:
        name: What it is called within its slot.
        origin: Who it comes from.
        text: Python that defines the slot's class, with whatever that needs; empty for identity and zero,
            which follow from the slot.
    """

    name: str = Field(min_length=1, max_length=60)
    origin: Origin
    text: str = Field(default="", max_length=MAX_TEXT)

    @model_validator(mode="after")
    def _has_a_text_where_it_needs_one(self) -> Self:
        if (self.text == "") != (self.origin in ("identity", "zero")):
            raise ValueError("identity and zero have no text of their own, everything else has one")
        return self


class Slot(Record):
    """A place in a network.

    Attributes:
        name: What it is called: `stage1_2`.
        entering: Shape of what enters it.
        leaving: Shape of what leaves it.
        residual: Shape of the second tensor that it is given, None where it is single.
        alternatives: What may fill it; the first is the seed's.
    """

    name: Name
    entering: Axes
    leaving: Axes
    residual: Axes | None = None
    alternatives: Annotated[tuple[Alternative, ...], Field(min_length=1, max_length=MAX_ALTERNATIVES)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.alternatives[0].origin in ("zero", "rule", "library"):
            raise ValueError(f"slot {self.name}: the first alternative is the seed's")
        names = [each.name for each in self.alternatives]
        if len(set(names)) < len(names):
            raise ValueError(f"slot {self.name}: two alternatives have one name")
        if self.entering != self.leaving and any(each.origin == "identity" for each in self.alternatives):
            raise ValueError(
                f"slot {self.name}: what leaves it has another shape, so nothing can be left out"
            )
        return self

    @property
    def class_name(self) -> str:
        """The class that the scaffold builds."""
        return f"{PREFIX}{self.name}"

    def keeping(self, wanted: Iterator[bool]) -> Slot:
        """Return the slot with those alternatives that are wanted, in their order."""
        kept = tuple(each for each, keep in zip(self.alternatives, wanted, strict=True) if keep)
        return self.model_copy(update={"alternatives": kept})


class Slotted(Record):
    """A network with slots.

    Attributes:
        scaffold: The program that builds and calls the slots' classes, and defines none of them.
        slots: Its slots, in the order of the network.
    """

    scaffold: str = Field(min_length=1, max_length=MAX_SCAFFOLD)
    slots: Annotated[tuple[Slot, ...], Field(min_length=1, max_length=MAX_SLOTS)]

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        names = [slot.name for slot in self.slots]
        if len(set(names)) < len(names):
            raise ValueError("two slots have one name")
        return self
