"""The gate in front of a proposal: it builds, within the constraints, and the edit changed the network.

Each child is built in the sandbox, without training. One that fails there is refused; so is one whose
recorded graph was tried before, its parent's above all: such an edit changed words, not the network; and one
whose graph does not show the change that its operation means. Where no graph is recorded, since the network
is too large or the gate is off, the trees' difference must do.

That executable, within the constraints and changed as intended are one gate is from notes on the full paper.
This module does *not* make children.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from corpus.programs.structure import structure_of
from corpus.records.graphs import NetworkGraph
from corpus.records.search.probes import Probe
from generator.strategies.contract import Bench
from generator.strategies.llmastool.editing import Operation
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
        graph: Its network as recorded there, None where there is none.
        refused: Why it was refused there, None where it was not.
    """

    parent: Member
    plan: Plan
    filled: Filled | None
    source: str = ""
    checked: bool = False
    graph: NetworkGraph | None = None
    refused: str | None = None


class Gate:
    """Builds networks, and remembers their graphs."""

    def __init__(self, bench: Bench, edits: Mapping[str, Operation[Any]], settings: Settings) -> None:
        """Build on `bench`, unless the settings say that nothing is built beforehand."""
        self._bench, self._edits, self._builds = bench, edits, settings.probe
        self._known = set[str]()

    def graphs(self, sources: Sequence[str]) -> list[NetworkGraph | None]:
        """Return the graphs of the programs to start from, None for those without; they count as tried."""
        if not self._builds:
            return [None] * len(sources)
        found = [probe.graph for probe in self._bench.probe("gate", sources)]
        self._known.update(structure_of(graph).exact for graph in found if graph is not None)
        return found

    def checked(self, children: Sequence[Child]) -> list[Child]:
        """Return children that know their graphs, and why they were refused; each is built once."""
        found = list(children)
        due = [place for place, child in enumerate(found) if child.filled and not child.checked]
        if not self._builds or not due:
            return found
        probes = self._bench.probe("gate", [found[place].source for place in due])
        for place, probe in zip(due, probes, strict=True):
            reason = self._reason(found[place], probe)
            found[place] = found[place]._replace(checked=True, graph=probe.graph, refused=reason)
        return found

    def _reason(self, child: Child, probe: Probe) -> str | None:
        if probe.failure is not None:
            return probe.failure.value
        if probe.graph is None:
            return None
        structure, before = structure_of(probe.graph).exact, child.parent.graph
        if structure in self._known:
            return "the graph is known"
        if before is not None and not self._edits[child.plan.arm.operation].shown(before, probe.graph):
            return "the graph does not show the change that was meant"
        self._known.add(structure)
        return None
