"""The gate in front of a proposal: it builds, within the constraints, and the edit changed the network.

Each child is built in the sandbox, without training. One that fails there is refused; so is one whose
recorded graph was tried before, its parent's above all: such an edit changed words, not the network; and one
whose graph does not show the change that its operation means (`Verdict`). Where no graph is recorded, since
the network is too large or the gate is off, the trees' difference must do.

That executable, within the constraints and changed as intended are one gate is from notes on the full paper.
This module does *not* make children.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from corpus.programs.structure import structure_of
from corpus.records.search.probes import Probe
from generator.strategies.contract import Bench
from generator.strategies.llmastool.filling import Filled
from generator.strategies.llmastool.parents import Member
from generator.strategies.llmastool.planner import Plan
from generator.strategies.llmastool.settings import Settings

Verdict = Callable[[Probe, Probe, str], str | None]
"""Returns why an edit does not pass, from the probes of parent and child and the operation's name."""


class Child(NamedTuple):
    """What is planned, and what came of it.

    Attributes:
        parent: Who is changed.
        plan: By which operation.
        filled: The child, None where none was found that is legal and new.
        source: Its program, empty likewise.
        probe: What the sandbox said of it, None while it was not asked.
        refused: Why it was refused at the gate, None where it was not.
    """

    parent: Member
    plan: Plan
    filled: Filled | None
    source: str = ""
    probe: Probe | None = None
    refused: str | None = None


class Gate:
    """Builds networks, and remembers their graphs.

    Args:
        bench: Where they are built.
        verdict: Whether the change that was meant shows.
        settings: They may say that nothing is built beforehand.
    """

    def __init__(self, bench: Bench, verdict: Verdict, settings: Settings) -> None:
        self._bench, self._verdict, self._builds = bench, verdict, settings.probe
        self._known = set[str]()

    def starts(self, sources: Sequence[str]) -> list[Probe | None]:
        """Return what the sandbox says of the programs to start from; their graphs count as tried."""
        if not self._builds:
            return [None] * len(sources)
        probes = self._bench.probe("gate", sources)
        self._known.update(structure_of(each.graph).exact for each in probes if each.graph is not None)
        return list(probes)

    def checked(self, children: Sequence[Child]) -> list[Child]:
        """Return children that know what the sandbox says, and why they were refused; each is built once."""
        found = list(children)
        due = [place for place, child in enumerate(found) if child.filled and child.probe is None]
        if not self._builds or not due:
            return found
        probes = self._bench.probe("gate", [found[place].source for place in due])
        for place, probe in zip(due, probes, strict=True):
            found[place] = found[place]._replace(probe=probe, refused=self._reason(found[place], probe))
        return found

    def _reason(self, child: Child, probe: Probe) -> str | None:
        if probe.failure is not None:
            return probe.failure.value
        if probe.graph is None:
            return None
        structure, before = structure_of(probe.graph).exact, child.parent.probe
        if structure in self._known:
            return "the graph is known"
        if before is not None and before.graph is not None:
            reason = self._verdict(before, probe, child.plan.arm.operation)
            if reason is not None:
                return reason
        self._known.add(structure)
        return None
