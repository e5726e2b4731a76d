"""The gate behind an edit: does the child run, within its constraints, and does its graph show the change?

Before anything is built, `Ground` has seen to it that shapes fit and parameters are few enough. Here what the
sandbox recorded of parent and child decides: the child was built and gave scores, its graph is another than
its parent's, and it shows what the operation is there for. A graph is what evaluation mode computes, so a
change of dropout alone would be none: no operation offers one. This module does *not* probe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from corpus.programs.structure import structure_of
from corpus.records.graphs import NetworkGraph
from corpus.records.search.probes import Probe

_SOURCES = frozenset({"input", "parameter", "buffer", "constant", "output"})


def operators(graph: NetworkGraph) -> int:
    """Return how many operators a graph has, without what they start from."""
    return sum(node.op not in _SOURCES for node in graph.nodes)


def _more(before: Probe, after: Probe, sign: int) -> bool:
    assert before.graph is not None and after.graph is not None
    return sign * (operators(after.graph) - operators(before.graph)) > 0


def _heavier(before: Probe, after: Probe, sign: int) -> bool:
    return sign * ((after.parameters or 0) - (before.parameters or 0)) > 0


_SHOWN: Mapping[str, tuple[Callable[[Probe, Probe, int], bool], int, str]] = {
    "insert": (_more, 1, "nothing was added"),
    "wrap": (_more, 1, "nothing was added"),
    "delete": (_more, -1, "nothing was taken out"),
    "widen": (_heavier, 1, "it has no more parameters"),
    "narrow": (_heavier, -1, "it has no fewer parameters"),
}
"""What must be so beyond a change, by the operation; the others may change anything."""


def verdict(before: Probe, after: Probe, operation: str) -> str | None:
    """Return why an edit does not pass, None where it does.

    Args:
        before: The parent's probe.
        after: The child's.
        operation: Name of the operation.
    """
    if after.failure is not None:
        return f"{after.failure}: {after.error}" if after.error else str(after.failure)
    if before.graph is None or after.graph is None:
        return "no graph of parent or child was recorded: whether the network changed cannot be told"
    if structure_of(before.graph).exact == structure_of(after.graph).exact:
        return "its graph is that of its parent"
    shown, sign, flaw = _SHOWN.get(operation, (None, 0, ""))
    return flaw if shown is not None and not shown(before, after, sign) else None
