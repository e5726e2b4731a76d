"""The choices of a slotted network as a search space.

A point is a choice for each slot and a factor on the learning rate. It is written as numbers in the order of
the slots, `0 3 1 0 x0.5`; the seed is all noughts at `x1`. An edit changes one slot or, as often, two, as in
the published search; the learning rate counts as a slot. Points that differ are different programs.

This module does *not* know whether a choice runs: slots are exact by contract, and a gate looks at samples.
"""

from __future__ import annotations

import random
import re
from typing import NamedTuple

from generator.slots.assembling import assembled
from generator.slots.contract import RATES, Slotted

_LONGEST_TEXT = 1_000
_NUMBER = re.compile(r"\d{1,3}")


class Choice(NamedTuple):
    """A point.

    Attributes:
        alternatives: For each slot the place of an alternative.
        rate: Place of a factor in `RATES`.
    """

    alternatives: tuple[int, ...]
    rate: int = 0


class SlotSpace:
    """The choices of one slotted network.

    Args:
        slotted: The network.
        rates: Whether the learning rate is a slot too.

    Attributes:
        slotted: The network.
        seed: The point whose program computes what the seed does.
    """

    name = "slots"
    author = "slots-1"
    textual = False

    def __init__(self, slotted: Slotted, *, rates: bool = True) -> None:
        self.slotted = slotted
        self._rates = RATES if rates else RATES[:1]
        self.seed = Choice((0,) * len(slotted.slots))

    @property
    def size(self) -> int:
        """How many points there are."""
        count = len(self._rates)
        for slot in self.slotted.slots:
            count *= len(slot.alternatives)
        return count

    def sample(self, rng: random.Random) -> Choice:
        """Draw every slot by itself, evenly."""
        drawn = tuple(rng.randrange(len(slot.alternatives)) for slot in self.slotted.slots)
        return Choice(drawn, rng.randrange(len(self._rates)))

    def mutate(self, point: Choice, rng: random.Random) -> tuple[Choice, str]:
        """Change one slot, or two: each with even chances."""
        return self.changed(point, rng, rng.choice((1, 2)))

    def changed(self, point: Choice, rng: random.Random, slots: int) -> tuple[Choice, str]:
        """Change so many slots that have an alternative, each to another of its alternatives.

        Raises:
            ValueError: No slot has two alternatives.
        """
        sizes = [*(len(slot.alternatives) for slot in self.slotted.slots), len(self._rates)]
        free = [place for place, size in enumerate(sizes) if size > 1]
        if not free:
            raise ValueError("no slot has an alternative")
        values = [*point.alternatives, point.rate]
        places = rng.sample(free, min(slots, len(free)))
        for place in places:
            values[place] = (values[place] + rng.randrange(1, sizes[place])) % sizes[place]
        return Choice(tuple(values[:-1]), values[-1]), "one slot" if len(places) == 1 else "two slots"

    def legal(self, point: Choice) -> bool:
        """Return whether every slot has the alternative chosen."""
        slots = self.slotted.slots
        return (
            len(point.alternatives) == len(slots)
            and all(
                0 <= chosen < len(slot.alternatives)
                for chosen, slot in zip(point.alternatives, slots, strict=True)
            )
            and 0 <= point.rate < len(self._rates)
        )

    def encode(self, point: Choice) -> str:
        """Return a point as numbers."""
        return f"{' '.join(map(str, point.alternatives))} x{self._rates[point.rate]:g}"

    def decode(self, text: str) -> Choice | None:
        """Return the point of an encoding, None where it is none."""
        *numbers, rate = text[:_LONGEST_TEXT].split() or [""]
        rates = [f"x{each:g}" for each in self._rates]
        if rate not in rates or not all(_NUMBER.fullmatch(each) for each in numbers):
            return None
        point = Choice(tuple(map(int, numbers)), rates.index(rate))
        return point if self.legal(point) else None

    def key(self, point: Choice) -> str:
        """Return the encoding."""
        return self.encode(point)

    def render(self, point: Choice) -> str:
        """Return the program of a legal point."""
        return assembled(self.slotted, point.alternatives, self._rates[point.rate])

    def named(self, point: Choice) -> dict[str, str]:
        """Return the names of chosen alternatives that are not the seed's, by the names of their slots."""
        pairs = zip(self.slotted.slots, point.alternatives, strict=True)
        found = {slot.name: slot.alternatives[chosen].name for slot, chosen in pairs if chosen}
        return found | ({"learning rate": f"x{self._rates[point.rate]:g}"} if point.rate else {})

    def describe(self) -> str:
        """Return the slots with their alternatives, a slot a line, and how a point is written."""
        lines = [
            f"{slot.name} {'x'.join(map(str, slot.entering))} -> {'x'.join(map(str, slot.leaving))}: "
            + ", ".join(f"{place} {each.name}" for place, each in enumerate(slot.alternatives))
            for slot in self.slotted.slots
        ]
        rates = ", ".join(f"x{each:g}" for each in self._rates)
        return "\n".join(
            [
                "A network is a line of numbers, an alternative for each slot in their order, and the factor "
                f"on the learning rate ({rates}): {self.encode(self.seed)}",
                *lines,
            ]
        )
