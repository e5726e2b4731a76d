"""Phases 1.5 and 2, by rules: the seed as a tree, its units as slots, and a gate before anything is trained.

A seed whose program reads as a tree needs no Modularizer: the tree names its modules, and a test shows that
the seed's choice computes what the seed does. Every alternative is probed at its place in the seed, and a
slot keeps those that run; then choices are drawn, and where too few of them run the space is made anew, up
to `replans` times. This module does *not* train.
"""

from __future__ import annotations

import random

from corpus.records.search.probes import Probe
from generator.slots.contract import Slotted
from generator.slots.cutting import cut
from generator.slots.space import Choice, SlotSpace
from generator.strategies.agentnas.settings import Settings
from generator.strategies.contract import Bench
from generator.trees.nodes import Tree
from generator.trees.specs import Library


def slotted_space(bench: Bench, seed: Tree, library: Library, settings: Settings) -> SlotSpace | None:
    """Return the space around a seed; None where no slot has an alternative, or its choices do not run.

    Args:
        bench: Where programs are probed.
        seed: The seed, legal for the task.
        library: The modules of trees.
        settings: How many alternatives, assemblies and new attempts there are.
    """
    for attempt in range(settings.replans + 1):
        rng = bench.rng("agentnas", "slots", attempt)
        found = cut(seed, bench.request.shape, library, rng, alternatives=settings.alternatives)
        space = SlotSpace(_living(bench, found), rates=settings.rates)
        if all(len(slot.alternatives) == 1 for slot in space.slotted.slots):
            continue
        if _share_that_runs(bench, space, rng, settings.assemblies) >= settings.running:
            return space
    return None


def _living(bench: Bench, slotted: Slotted) -> Slotted:
    """Return the network with those alternatives that run where the rest is the seed."""
    space = SlotSpace(slotted)
    places = [
        (place, alternative)
        for place, slot in enumerate(slotted.slots)
        for alternative in range(1, len(slot.alternatives))
    ]
    probes = bench.probe("alternatives", [space.render(_single(space.seed, *each)) for each in places])
    alive = {each for each, probe in zip(places, probes, strict=True) if _runs(probe)}
    slots = tuple(
        slot.keeping((place, each) in alive or each == 0 for each in range(len(slot.alternatives)))
        for place, slot in enumerate(slotted.slots)
    )
    return slotted.model_copy(update={"slots": slots})


def _single(seed: Choice, place: int, alternative: int) -> Choice:
    values = list(seed.alternatives)
    values[place] = alternative
    return seed._replace(alternatives=tuple(values))


def _share_that_runs(bench: Bench, space: SlotSpace, rng: random.Random, count: int) -> float:
    probes = bench.probe("assemblies", [space.render(space.sample(rng)) for _ in range(count)])
    return sum(map(_runs, probes)) / count


def _runs(probe: Probe) -> bool:
    return probe.passed
