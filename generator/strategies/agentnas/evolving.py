"""Phase 3: the choices of the slots, by regularised evolution as the paper has it, or each by itself.

The first population is the seed, and as many choices with one slot changed, with two, and drawn evenly; then
a tournament's winner has one slot or two changed, the newest members stay, for so many generations. A choice
that was tried is drawn again. This module does *not* build the space.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from corpus.objectives import fittest, named_objectives
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from generator.slots.space import Choice, SlotSpace
from generator.spaces.proposing import proposed
from generator.strategies.agentnas.settings import Settings
from generator.strategies.contract import Bench, Conversation

REDRAWS = 16
"""How often a choice that was tried is drawn again; our choice."""

BY_RULES = (Decision(what="space", by=DecidedBy.RULE), Decision(what="seed", by=DecidedBy.RULE))
"""Who built what is searched, where no model did."""

_SLOTS = Decision(what="slots", by=DecidedBy.CHANCE)
_PARENT = Decision(what="parent", by=DecidedBy.RULE)


class _Child(NamedTuple):
    """A choice with how it came about."""

    point: Choice
    operator: str
    parent: str | None


class Evolving:
    """Searches one slotted space.

    Args:
        bench: Where chance comes from.
        space: The choices.
        settings: Population, tournament, generations, and which search it is.
        seed: Id of the candidate that is the seed, None where none was judged yet.
        built: Who built the space, and who the seed.
        differs: How the seed's choice differs from the seed, None where it does not.
    """

    def __init__(
        self,
        bench: Bench,
        space: SlotSpace,
        settings: Settings,
        seed: str | None,
        built: tuple[Decision, ...] = BY_RULES,
        differs: str | None = None,
    ) -> None:
        self._space, self._settings, self._seed = space, settings, seed
        self._built, self._differs = built, differs
        self._rng = bench.rng("agentnas", "evolution")
        self._population = deque[tuple[Choice, Trial]](maxlen=settings.population)
        self._objectives = named_objectives(settings.objective)
        self._tried: set[str] = set()

    def search(self) -> Conversation:
        """Judge the first population, then generation after generation."""
        size, settings = self._settings.population, self._settings
        yield from self._judged(self._first())
        for _ in range(settings.scaled(settings.generations)):
            for begun in range(0, size, settings.batch):
                count = min(settings.batch, size - begun)
                yield from self._judged([self._child() for _ in range(count)])

    def _judged(self, children: Sequence[_Child]) -> Conversation:
        trials = yield [self._proposal(child) for child in children]
        self._population.extend((child.point, trial) for child, trial in zip(children, trials, strict=True))

    def _first(self) -> list[_Child]:
        others = self._settings.population - 1
        if self._settings.search == "random":
            ways = [self._drawn] * others
        else:
            each = others // 3
            ways = [self._edited(1)] * each + [self._edited(2)] * each + [self._drawn] * (others - 2 * each)
        self._tried.add(self._space.key(self._space.seed))
        return [_Child(self._space.seed, "seed", self._seed), *(self._fresh(way) for way in ways)]

    def _child(self) -> _Child:
        if self._settings.search == "random":
            return self._fresh(self._drawn)
        drawn = self._rng.sample(
            list(self._population), min(self._settings.tournament, len(self._population))
        )
        order = fittest([trial.evaluation for _, trial in drawn], self._objectives, self._settings.caps)
        parent, trial = drawn[order[0]]
        return self._fresh(lambda: _Child(*self._space.mutate(parent, self._rng), trial.candidate.id))

    def _drawn(self) -> _Child:
        return _Child(self._space.sample(self._rng), "random choice", None)

    def _edited(self, slots: int) -> Callable[[], _Child]:
        return lambda: _Child(*self._space.changed(self._space.seed, self._rng, slots), self._seed)

    def _fresh(self, way: Callable[[], _Child]) -> _Child:
        """Return a choice that was not tried yet, or after `REDRAWS` any."""
        child = next((each for each in self._attempts(way) if self._is_new(each)), None) or way()
        self._tried.add(self._space.key(child.point))
        return child

    def _attempts(self, way: Callable[[], _Child]) -> Iterator[_Child]:
        yield from (way() for _ in range(REDRAWS))

    def _is_new(self, child: _Child) -> bool:
        return self._space.key(child.point) not in self._tried

    def _proposal(self, child: _Child) -> Proposal:
        changes = ", ".join(f"{slot}: {name}" for slot, name in self._space.named(child.point).items())
        chosen = () if child.operator == "seed" else (_SLOTS,)
        evolved = (_PARENT,) if child.parent is not None and child.operator != "seed" else ()
        return proposed(
            self._space,
            child.point,
            operator=child.operator,
            decisions=(*self._built, *evolved, *chosen),
            parents=() if child.parent is None else (child.parent,),
            idea=changes or (self._differs and f"not quite the seed: {self._differs}"),
        )
