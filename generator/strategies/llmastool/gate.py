"""The gate in front of a proposal: it builds, within the constraints, and the edit changed the network.

Each child is built in the sandbox, without training. One that fails there is refused; so is one whose
recorded graph was tried before, its parent's above all: such an edit changed words, not the network. Where no
graph is recorded, since the network is too large or the gate is off, the trees' difference must do.

That executable, within the constraints and changed as intended are one gate is from notes on the full paper.
This module does *not* make children.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corpus.programs.structure import structure_of
from corpus.records.search.probes import Probe
from corpus.records.search.trials import Trial
from generator.strategies.contract import Bench
from generator.strategies.llmastool.filling import Filled
from generator.strategies.llmastool.parents import Member
from generator.strategies.llmastool.planner import Plan
from generator.strategies.llmastool.settings import Settings


class Child(NamedTuple):
    """What is planned, and what came of it.

    Attributes:
        parent: Who is changed.
        plan: By which operation.
        filled: The child, None where none was found that is legal and new.
        source: Its program, empty likewise.
        checked: Whether it was at the gate.
        refused: Why it was refused there, None where it was not.
    """

    parent: Member
    plan: Plan
    filled: Filled | None
    source: str = ""
    checked: bool = False
    refused: str | None = None


class Gate:
    """Remembers the graphs that were tried, and lets new ones through."""

    def __init__(self, bench: Bench, settings: Settings) -> None:
        """Build on `bench`, unless the settings say that nothing is built beforehand."""
        self._bench, self._open = bench, not settings.probe
        self._known = set[str]()

    def checked(self, children: Sequence[Child]) -> list[Child]:
        """Return children that know whether they were refused; each is built once."""
        found = list(children)
        due = [place for place, child in enumerate(found) if child.filled and not child.checked]
        if self._open or not due:
            return found
        for place, probe in zip(
            due, self._bench.probe("gate", [found[each].source for each in due]), strict=True
        ):
            found[place] = found[place]._replace(checked=True, refused=self._reason(probe))
        return found

    def hear(self, trials: Sequence[Trial]) -> None:
        """Take in the graphs of networks that were judged."""
        for evaluation in (trial.evaluation for trial in trials):
            # A trial just judged holds its graph, one from the ledger the graph's hash.
            graph = evaluation.graph
            known = evaluation.structure if graph is None else structure_of(graph).exact
            self._known.update([] if known is None else [known])

    def _reason(self, probe: Probe) -> str | None:
        if probe.failure is not None:
            return probe.failure.value
        if probe.graph is None:
            return None
        structure = structure_of(probe.graph).exact
        if structure in self._known:
            return "the graph is known"
        self._known.add(structure)
        return None
