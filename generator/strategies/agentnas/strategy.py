"""AgentNAS, phase by phase: a seed, slots around it, evolution in the slots. Read this first.

"Agentic Neural Architecture Search": a search space need not be made by hand. A strong seed is found first;
it is cut into slots, each with alternatives of exactly its shapes; a plain search goes through the choices.

    phase 1    a seed: named; or the Planner's, the Data Explorer's and the Code Executor's work; or the best
               of a search over a space                                                   -> judged
    phase 1.5  its program as a tree, which names its modules; else grouped by the Modularizer
    phase 2    slots with alternatives, by the Slot Planner or by rules; each probed; random choices must run,
               or it is made anew
    phase 3    the seed, its neighbours and random choices, then generations of children; or choices by the
               logits of shared weights                                                   -> judged

What a model does, and what rules do in its place, every proposal's record says. The proxy of phase 1 is the
run's own protocol, to which a recipe's schedule is scaled: the paper trains for 30% of the epochs, one epoch
has no third. This module does *not* train, and the final waves are `archloop final`'s.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

from corpus.records.search.proposals import DecidedBy, Decision, Proposal
from corpus.records.search.trials import Trial
from corpus.records.tasks.shape import TaskShape
from generator.prompts.templates import ProgramRequest
from generator.spaces.contract import Space
from generator.spaces.trees import TreeSpace
from generator.strategies.agentnas.agents.asking import Asking
from generator.strategies.agentnas.agents.slot_planner import Known
from generator.strategies.agentnas.evolving import Evolving
from generator.strategies.agentnas.planning import Planning, Tried
from generator.strategies.agentnas.seeds import Seed, tree_seed
from generator.strategies.agentnas.seeking import ranked, sought
from generator.strategies.agentnas.settings import Settings as Settings
from generator.strategies.agentnas.slotting import space_around
from generator.strategies.catalogue import StrategyError
from generator.strategies.contract import Bench, Conversation, Strategy
from generator.strategies.starting import starting_points
from generator.trees.nodes import Tree
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.reader import read

_MOST_SEEDS = 8
"""Seeds that are tried to be cut, the best first; our choice."""


class AgentNAS(Strategy):
    """Searches for a seed, and then in the slots that it is cut into."""

    name = "agentnas"

    def __init__(self, settings: Settings, space: TreeSpace) -> None:
        """Look for a seed in `space`, unless the settings name one."""
        self._settings, self._space = settings, space
        self._named = starting_points(space, [settings.seed])[0] if settings.seed else None

    def search(self, bench: Bench) -> Conversation:
        """Go through the phases; whoever returns has used up the budget of each.

        Raises:
            StrategyError: There is no seed that can be cut: none was valid, or no choice around one runs.
                Where a model took part, the families that the space starts from were tried too.
        """
        asking, settings, library = Asking(bench), self._settings, self._space.library
        task = task_of(bench.request)
        if self._named is not None:
            seeds, known = [tree_seed(self._named, bench.request.shape, library)], Known()
        else:
            seeds, known = yield from self._sought(bench, asking, task)
        for seed in seeds:
            written_for = bench.request.shape if seed.recipe is None else task
            found = space_around(bench, asking, seed, known, library, settings, written_for)
            if found is not None:
                built = (Decision(what="space", by=found.by), Decision(what="seed", by=seed.by))
                space, differs = found.space, found.differs
                yield from Evolving(bench, space, settings, task, seed.trial, built, differs).search()
                return
        raise StrategyError(
            "strategy 'agentnas' has no seed to cut into slots: no valid program of phase 1 has a part that "
            "may be replaced. Give it more evaluations, or name strategy.settings.seed"
        )

    def _sought(
        self, bench: Bench, asking: Asking, task: TaskShape
    ) -> Generator[list[Proposal], list[Trial], tuple[list[Seed], Known]]:
        """Return the seeds that phase 1 found, the best first, and what it learnt."""
        planning = Planning(bench, asking, task, self._settings)
        yield from planning.search()
        by_rules = []
        if planning.gave_up:
            by_rules = yield from sought(bench, self._space, self._settings, planning.left)
        tried = {each.trial.candidate.id: each for each in planning.tried}
        trials = [*(each.trial for each in planning.tried), *by_rules]
        order = ranked(trials, self._settings)
        seeds = [self._seed(bench, trial, tried.get(trial.candidate.id), task) for trial in order]
        chosen = {id for id, each in tried.items() if each.name in planning.selected}
        there = sorted((each for each in seeds if each), key=lambda seed: seed.candidate not in chosen)
        shape, library = bench.request.shape, self._space.library
        last = [tree_seed(tree, shape, library) for tree in self._space.starts()] if tried else []
        return [*there[:_MOST_SEEDS], *last], Known(planning.report, planning.insights)

    def _seed(self, bench: Bench, trial: Trial, tried: Tried | None, task: TaskShape) -> Seed | None:
        """Return a valid trial as a seed; None where rules found it and it is no tree."""
        shape, library = bench.request.shape, self._space.library
        tree: Tree | None = None
        if tried is None or task.plain:  # what a model writes for another task is no picture's
            with suppress(NotATreeError):
                tree = read(trial.candidate.source or "", shape, library)
        if tried is not None and tried.draft.architecture is not None:
            draft, by = tried.draft, DecidedBy.MODEL
            return Seed(tried.draft.architecture, draft.recipe, tree, by, trial)
        return None if tree is None else tree_seed(tree, shape, library, trial)


def task_of(request: ProgramRequest) -> TaskShape:
    """Return the task that a model writes for, whatever picture the programs of spaces are made for."""
    return request.carried_to or request.shape


def build(settings: Settings, space: Space[Any] | None) -> AgentNAS:
    """Return the strategy over `space`.

    Raises:
        StrategyError: It is not the space of trees, or the seed is not its.
    """
    if not isinstance(space, TreeSpace):
        raise StrategyError(
            f"strategy 'agentnas' cuts trees of modules into slots, and the points of the space "
            f"'{space and space.name}' are none: set strategy.space to 'trees'"
        )
    return AgentNAS(settings, space)
