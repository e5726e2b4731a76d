"""Whether a network is another one than those known, shows the change that was meant, and has layers enough.

The check is algorithmic, over recorded graphs: the paper's own check asks a model, and its authors report
that it often errs, above all on whether a network has several layers. Where no graph is recorded, since the
network is too large, that the trees differ must do. This module does *not* build networks.
"""

from __future__ import annotations

from collections.abc import Callable

from corpus.programs.structure import structure_of
from corpus.records.graphs import NetworkGraph
from corpus.records.search.ideas import Codemod
from corpus.records.search.probes import Probe
from generator.ideas.sights import unshown
from generator.trees.edits.gate import operators
from generator.trees.edits.ground import Ground
from generator.trees.nodes import Tree

Meant = Callable[[Probe, Probe, bool], str | None]
"""Returns what the graphs of parent and child do not show although it was meant; the flag says whether the
child was made smaller to fit the budget."""

_SIZES = ("+parameters", "+flops")


class Structures:
    """The networks that are known by their graphs."""

    def __init__(self, layers: int, ground: Ground) -> None:
        """Know none yet; `layers` with weights are the fewest that a network may have."""
        self._layers, self._ground = layers, ground
        self._known = set[str]()

    def know(self, probe: Probe) -> None:
        """Take in a network."""
        if probe.graph is not None:
            self._known.add(structure_of(probe.graph).exact)

    def flaw(self, tree: Tree, before: Probe, after: Probe, meant: Meant, *, downscaled: bool) -> str | None:
        """Return why a child does not pass, None where it does; it is known from then on.

        Args:
            tree: The child.
            before: The parent's probe.
            after: The child's, which passed.
            meant: What the change is to show.
            downscaled: Whether the child was made smaller to fit the budget.
        """
        if after.graph is not None and structure_of(after.graph).exact in self._known:
            return "its graph is that of its parent, or of another network that was tried"
        count = weight_layers(tree, self._ground) if after.graph is None else layers_of(after.graph)
        if count < self._layers:
            return f"it has {count} layers with weights, and {self._layers} are the fewest"
        shown = before.graph is not None and after.graph is not None
        flaw = meant(before, after, downscaled) if shown else None
        if flaw is None:
            self.know(after)
        return flaw


def layers_of(graph: NetworkGraph) -> int:
    """Return how many layers with weights a graph has: trained tensors with two sides or more beyond 1."""
    return sum(node.op == "parameter" and sum(side > 1 for side in node.shape) > 1 for node in graph.nodes)


def weight_layers(tree: Tree, ground: Ground) -> int:
    """Return how many modules with weights a tree has, repeats written out."""
    sites = ground.facts(tree).layout.sites.values()
    roles = [
        (ground.library[site.module.name].role, site.module, site.times)
        for site in sites
        if site.module is not None
    ]
    return sum(times for role, module, times in roles if role == "classifier" or ground.weighty(module))


def meant_by(codemod: Codemod | None) -> Meant:
    """Return the check of what an idea's codemod says that graphs show; nothing where it has none.

    That the child has more parameters or FLOPs is not asked of one that was made smaller to fit the budget:
    it has other proportions instead.
    """

    def check(before: Probe, after: Probe, downscaled: bool) -> str | None:
        if codemod is None:
            return None
        shows = [each for each in codemod.shows if not (downscaled and each in _SIZES)]
        return unshown(codemod.model_copy(update={"shows": tuple(shows)}), before, after)

    return check


def larger(before: Probe, after: Probe, downscaled: bool) -> str | None:
    """Return whether an edit that was to make a network wider did not: a `Meant`."""
    if downscaled or (after.parameters or 0) > (before.parameters or 0):
        return None
    return "it has no more parameters"


def deeper(before: Probe, after: Probe, downscaled: bool) -> str | None:  # noqa: ARG001 - part of the contract
    """Return whether an edit that was to make a network deeper did not: a `Meant`."""
    assert before.graph is not None and after.graph is not None
    return None if operators(after.graph) > operators(before.graph) else "it has no more operators"


def anything(before: Probe, after: Probe, downscaled: bool) -> str | None:  # noqa: ARG001 - likewise
    """Return nothing: any other network will do."""
    return None
