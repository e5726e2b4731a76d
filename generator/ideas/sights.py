"""What a recorded graph must show behind a codemod, and whether it does.

    +gelu                  more of an operator; -relu fewer
    +convolution.dilation  more with that attribute other than usual
    +relu>convolution      more that take what another made
    +operators             and `parameters`, `flops`: of the whole

This module does *not* carry a codemod out.
"""

from __future__ import annotations

from corpus.records.graphs import NetworkGraph
from corpus.records.search.ideas import Codemod
from corpus.records.search.probes import Probe
from generator.trees.edits.gate import operators


def unshown(codemod: Codemod, before: Probe, after: Probe) -> str | None:
    """Return what recorded graphs do not show although the codemod says it, None where they show all.

    Args:
        codemod: The codemod.
        before: The parent's probe.
        after: The child's; both passed.
    """
    for sight in codemod.shows:
        first, second = (_measure(probe, sight[1:]) for probe in (before, after))
        if first is None or second is None:
            return f"no {_recorded(sight[1:])} of parent or child was recorded"
        if (second - first) * (1 if sight[0] == "+" else -1) <= 0:
            return f"it does not show {sight} ({first:g} before, {second:g} behind)"
    return None


def _recorded(what: str) -> str:
    return what if what in ("parameters", "flops") else "graph"


def _measure(probe: Probe, what: str) -> int | None:
    if what == "parameters":
        return probe.parameters
    if what == "flops":
        return probe.flops
    if probe.graph is None:
        return None
    return operators(probe.graph) if what == "operators" else _count(probe.graph, what)


def _count(graph: NetworkGraph, what: str) -> int:
    """Return how many operators of a graph are `name`, `name.attribute` or `giver>taker`."""
    giver, _, taker = what.rpartition(">")
    name, _, attribute = taker.partition(".")
    found = [
        node
        for node in graph.nodes
        if node.op == name and (not attribute or f" {attribute}=" in f" {node.attributes}")
    ]
    if not giver:
        return len(found)
    return sum(graph.nodes[index].op == giver for node in found for index in node.inputs if index >= 0)
