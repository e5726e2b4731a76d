"""AgentNAS, phase by phase: a seed, slots around it, evolution in the slots. Read this first.

"Agentic Neural Architecture Search": a search space need not be made by hand. A strong seed is found first;
it is cut into slots, each with alternatives of exactly its shapes; a plain search goes through the choices.

    phase 1    a seed: named, or the best of a search over a space                       -> judged
    phase 1.5  its program as a tree, which names the modules that slots are cut from
    phase 2    slots with alternatives; each probed; random choices must run, or it is made anew
    phase 3    the seed, its neighbours and random choices, then generations of children  -> judged

What the paper's language models do, rules do here, and every proposal's record says so. The proxy of phase 1
is the run's own protocol: the paper trains for 30% of the epochs, one epoch has no third. This module does
*not* train, and the final waves are `archloop final`'s.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from corpus.records.search.proposals import Proposal
from corpus.records.search.trials import Trial
from generator.spaces.contract import Space
from generator.spaces.trees import TreeSpace
from generator.strategies.agentnas.evolving import Evolving
from generator.strategies.agentnas.seeking import sought
from generator.strategies.agentnas.settings import Settings as Settings
from generator.strategies.agentnas.slotting import slotted_space
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
        """
        found = [(self._named, None)] if self._named else (yield from self._sought(bench))
        for tree, candidate in found[:_MOST_SEEDS]:
            space = slotted_space(bench, tree, self._space.library, self._settings)
            if space is not None:
                yield from Evolving(bench, space, self._settings, candidate).search()
                return
        raise StrategyError(
            "strategy 'agentnas' has no seed to cut into slots: no valid program of phase 1 has a part that "
            "may be replaced. Give it more evaluations, or name strategy.settings.seed"
        )

    def _sought(self, bench: Bench) -> Generator[list[Proposal], list[Trial], list[tuple[Tree, str | None]]]:
        """Return the seeds that phase 1 found, the best first, with the candidates that they are."""
        trials = yield from sought(bench, self._space, self._settings)
        found: list[tuple[Tree, str | None]] = []
        for trial in trials:
            try:
                tree = read(trial.candidate.source or "", bench.request.shape, self._space.library)
            except NotATreeError:
                continue
            found.append((tree, trial.candidate.id))
        return found


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
