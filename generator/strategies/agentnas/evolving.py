"""Phase 3: the choices of the slots, by regularised evolution as the paper has it, or by one of its controls.

The first population is the seed, and as many choices with one slot changed, with two, and drawn evenly; then
a tournament's winner has one slot or two changed, the newest members stay, for so many generations. A choice
that was tried is drawn again. Random search draws every choice by itself. GDAS trains shared weights in the
sandbox, is charged for it, and has the choices judged that its logits put first; where it learns nothing,
choices are drawn.

The seed has its score from phase 1, if it was judged there. This module does *not* build the space.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from corpus.objectives import fittest, named_objectives
from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from corpus.records.tasks.shape import TaskShape
from generator.slots.sharing import NothingLearnt, likely, logits_in, sharing_script
from generator.slots.space import Choice, SlotSpace
from generator.spaces.proposing import proposed
from generator.strategies.agentnas.settings import Settings
from generator.strategies.contract import Bench, Conversation

REDRAWS = 16
"""How often a choice that was tried is drawn again; our choice."""

BY_RULES = (Decision(what="space", by=DecidedBy.RULE), Decision(what="seed", by=DecidedBy.RULE))
"""Who built what is searched, where no model did."""

SHARER = "sharer"
"""Who asks for a training of shared weights."""

CHARGED = "shared weights"
"""Operator of the rows without a program that such a training is charged as."""

LIKELY = "likely choice"
"""Operator of a choice that the logits of shared weights put first."""

DRAWN = "random choice"
"""Operator of a choice that is drawn evenly. Its parent is the seed, around which it is built."""

_SLOTS = Decision(what="slots", by=DecidedBy.CHANCE)
_LOGITS = Decision(what="slots", by=DecidedBy.RULE)
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
        task: What shared weights learn.
        seed: What phase 1 judged as the seed, None where nothing was.
        built: Who built the space, and who the seed.
        differs: How the seed's choice differs from the seed, None where it does not.
    """

    def __init__(
        self,
        bench: Bench,
        space: SlotSpace,
        settings: Settings,
        task: TaskShape,
        seed: Trial | None = None,
        built: tuple[Decision, ...] = BY_RULES,
        differs: str | None = None,
    ) -> None:
        self._bench, self._space, self._settings, self._task = bench, space, settings, task
        self._seed = None if seed is None else seed.candidate.id
        self._built, self._differs = built, differs
        self._rng = bench.rng("agentnas", "evolution")
        self._population = deque[tuple[Choice, Trial]](maxlen=settings.population)
        self._objectives = named_objectives(settings.objective)
        self._tried = {space.key(space.seed)}
        self._begin = [_Child(space.seed, "seed", self._seed)]
        if seed is not None and differs is None:
            self._begin = []
            self._population.append((space.seed, seed))

    def search(self) -> Conversation:
        """Judge the first population, then generation after generation; or what shared weights put first."""
        size, settings = self._settings.population, self._settings
        if settings.search == "gdas":
            yield from self._by_shared_weights()
            return
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
        return [*self._begin, *(self._fresh(way) for way in ways)]

    def _child(self) -> _Child:
        if self._settings.search == "random":
            return self._fresh(self._drawn)
        drawn = self._rng.sample(
            list(self._population), min(self._settings.tournament, len(self._population))
        )
        order = fittest([trial.evaluation for _, trial in drawn], self._objectives, self._settings.caps)
        parent, trial = drawn[order[0]]
        return self._fresh(lambda: _Child(*self._space.mutate(parent, self._rng), trial.candidate.id))

    def _by_shared_weights(self) -> Conversation:
        """Judge the seed, train shared weights, and judge as many choices as there are evaluations left."""
        settings, bench, slotted = self._settings, self._bench, self._space.slotted
        if self._begin:
            yield from self._judged(self._begin)
        left = settings.choices - 1
        script = sharing_script(slotted, self._task, settings.shared_epochs, bench.seed("agentnas", "shared"))
        idea = f"{settings.shared_epochs} passes over the training split"
        try:
            learnt = map(Choice, likely(logits_in(bench.execute(SHARER, script), slotted)))
            children = (_Child(each, LIKELY, self._seed) for each in learnt if each != self._space.seed)
        except NothingLearnt as problem:
            idea = f"{idea} came to nothing, so choices are drawn: {problem}"
            children = (self._fresh(self._drawn) for _ in range(left))
        charge = Proposal(program=None, author=self._space.author, operator=CHARGED, idea=idea)
        charged = min(settings.shared_cost, left)
        if charged:
            yield [charge] * charged
        chosen = islice(children, left - charged)
        while batch := list(islice(chosen, settings.batch)):
            yield from self._judged(batch)

    def _drawn(self) -> _Child:
        return _Child(self._space.sample(self._rng), DRAWN, self._seed)

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
        decided = {"seed": (), LIKELY: (_LOGITS,), DRAWN: (_SLOTS,)}.get(child.operator)
        if decided is None:
            decided = (_SLOTS,) if child.parent is None else (_PARENT, _SLOTS)
        return proposed(
            self._space,
            child.point,
            operator=child.operator,
            decisions=(*self._built, *decided),
            parents=() if child.parent is None else (child.parent,),
            idea=changes or (self._differs and f"not quite the seed: {self._differs}"),
        )
