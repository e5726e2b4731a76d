"""Phases 1.5 and 2: the seed with slots, by a model or by rules, and a gate before anything is trained.

A seed whose program reads as a tree needs no Modularizer: the tree names its modules. Another is grouped into
modules by a model, or stays as it is. Then the Slot Planner says the slots; where there is none, or nothing
of it can be used, rules cut the tree. Every alternative is probed at its place in the seed, and a slot keeps
those that run; then choices are drawn, and where too few of them run the space is made anew, up to `replans`
times. This module does *not* train.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from corpus.records.search.probes import Probe
from corpus.records.search.proposals import DecidedBy
from corpus.records.tasks.shape import TaskShape
from generator.slots.assembling import Unfit
from generator.slots.checking import comparing_script, problem_in
from generator.slots.contract import Slotted
from generator.slots.cutting import cut
from generator.slots.space import Choice, SlotSpace
from generator.strategies.agentnas.agents.asking import Asking
from generator.strategies.agentnas.agents.executor import fault
from generator.strategies.agentnas.agents.modularizer import modularized
from generator.strategies.agentnas.agents.slot_planner import Known, SlotPlanner
from generator.strategies.agentnas.programs import training_text
from generator.strategies.agentnas.recipe import Recipe
from generator.strategies.agentnas.seeds import Seed
from generator.strategies.agentnas.settings import Settings
from generator.strategies.contract import Bench
from generator.trees.nodes import Tree
from generator.trees.recipe import TRAINING
from generator.trees.specs import Library

Make = Callable[[random.Random, str], Slotted | None]
"""Makes a slotted network: from a source of chance, and what was wrong with the last one."""

CHECKER = "checker"
"""Who asks whether the seed's choice is the seed."""


class Found(NamedTuple):
    """A space around a seed.

    Attributes:
        space: It.
        by: Who built it.
        differs: How the seed's choice differs from the seed, as far as a model cut it; None where it does
            not, and where rules did, which cannot.
    """

    space: SlotSpace
    by: DecidedBy
    differs: str | None = None


def space_around(
    bench: Bench,
    asking: Asking,
    seed: Seed,
    known: Known,
    library: Library,
    settings: Settings,
    task: TaskShape,
) -> Found | None:
    """Return the space around a seed; None where nobody can cut it, or its choices do not run.

    Args:
        bench: Where programs are probed.
        asking: Who is asked.
        seed: The seed.
        known: What phase 1 learnt.
        library: The modules of trees.
        settings: How many alternatives, assemblies and new attempts there are.
        task: What the seed is written for.
    """
    found = None if asking.nobody else _planned(bench, asking, seed, known, settings, task)
    if found is None and seed.tree is not None:
        space = slotted_space(bench, seed.tree, library, settings, seed.recipe)
        return None if space is None else Found(space, DecidedBy.RULE)
    return found


def slotted_space(
    bench: Bench, seed: Tree, library: Library, settings: Settings, recipe: Recipe | None = None
) -> SlotSpace | None:
    """Return the space that rules make around a tree; None where it has none whose choices run.

    Args:
        bench: Where programs are probed.
        seed: The tree, legal for the task.
        library: The modules of trees.
        settings: How many alternatives, assemblies and new attempts there are.
        recipe: How the seed is trained; None as all trees are.
    """
    shape = bench.request.shape
    training = training_text(recipe, shape)

    def make(rng: random.Random, _: str) -> Slotted:
        found = cut(seed, shape, library, rng, alternatives=settings.alternatives)
        scaffold = found.scaffold.replace(TRAINING, training)
        if "math." in training:
            scaffold = f"import math\n{scaffold}"
        return found.model_copy(update={"scaffold": scaffold})

    return gated(bench, make, settings)


def gated(bench: Bench, make: Make, settings: Settings) -> SlotSpace | None:
    """Return the first space that is made whose choices run; None where none is made, or none runs."""
    problem = ""
    for attempt in range(settings.replans + 1):
        rng = bench.rng("agentnas", "slots", attempt)
        found = make(rng, problem)
        if found is None:
            return None
        space = SlotSpace(_living(bench, found), rates=settings.rated)
        if all(len(slot.alternatives) == 1 for slot in space.slotted.slots):
            problem = "no slot has an alternative that runs where the rest is the seed"
            continue
        points = [space.sample(rng) for _ in range(settings.assemblies)]
        problems = _problems(bench, "assemblies", space, points)
        running = problems.count(None)
        if running / settings.assemblies >= settings.running:
            return space
        wrong = next(each for each in problems if each is not None)
        problem = f"of {settings.assemblies} random assemblies only {running} run; one failed: {wrong}"
    return None


def _planned(
    bench: Bench, asking: Asking, seed: Seed, known: Known, settings: Settings, task: TaskShape
) -> Found | None:
    """Return the space that a model makes around a seed."""
    original = seed
    if seed.tree is None:
        text = modularized(bench, asking, seed.architecture, task, settings.modular)
        seed = seed if text is None else seed.as_modules(text)
    planner = SlotPlanner(bench, asking, seed, known, task, settings)
    space = gated(bench, lambda _, problem: planner.slotted(problem), settings)
    if space is None:
        return None
    cut_seed = space.render(space.seed)
    script = comparing_script(original.architecture, cut_seed, task.input_shape)
    differs = problem_in(bench.execute(CHECKER, script), original.architecture, cut_seed)
    return Found(space, DecidedBy.MODEL, differs)


def _living(bench: Bench, slotted: Slotted) -> Slotted:
    """Return the network with those alternatives that run where the rest is the seed."""
    space = SlotSpace(slotted)
    places = [
        (place, alternative)
        for place, slot in enumerate(slotted.slots)
        for alternative in range(1, len(slot.alternatives))
    ]
    points = [_single(space.seed, *each) for each in places]
    problems = _problems(bench, "alternatives", space, points)
    alive = {each for each, problem in zip(places, problems, strict=True) if problem is None}
    slots = tuple(
        slot.keeping((place, each) in alive or each == 0 for each in range(len(slot.alternatives)))
        for place, slot in enumerate(slotted.slots)
    )
    return slotted.model_copy(update={"slots": slots})


def _single(seed: Choice, place: int, alternative: int) -> Choice:
    values = list(seed.alternatives)
    values[place] = alternative
    return seed._replace(alternatives=tuple(values))


def _problems(bench: Bench, role: str, space: SlotSpace, points: list[Choice]) -> list[str | None]:
    """Return why each choice does not run, None where it does; what makes no program is not probed."""
    sources: dict[int, str] = {}
    problems: list[str | None] = [None] * len(points)
    for place, point in enumerate(points):
        try:
            sources[place] = space.render(point)
        except Unfit as error:
            problems[place] = str(error)
    probes: list[Probe] = bench.probe(role, list(sources.values())) if sources else []
    for place, probe in zip(sources, probes, strict=True):
        problems[place] = None if probe.passed else fault(probe)
    return problems
