"""What a network needs of the run's budget, and how it is made smaller.

That the parameters and FLOPs of a network are verified before it is trained, and that it is made smaller up
to four times where they are too many, is from notes on the full paper; there a model rewrites the code. Here
all widths are scaled at once, by the root of what is too much, since parameters and FLOPs grow with their
square; where they are as small as edits make them, or a model would rather have it shallower, what is
repeated is repeated less often. This module does *not* build networks.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from math import sqrt
from typing import Literal

from corpus.records.search.probes import Probe
from generator.trees.edits.ground import Ground
from generator.trees.edits.settings import WIDTH_STEP
from generator.trees.edits.widths import scaled_parts
from generator.trees.nodes import Composite, Node, Repeat, Tree, normal, parts

Way = Literal["narrower", "shallower"]

_BEYOND = re.compile(r"([\d,]{1,20}) trainable parameters, the cap is")
_SLIGHTLY = 1.001


class Budget:
    """The caps of a run.

    Attributes:
        parameters: Most trainable parameters.
        flops: Most FLOPs of a forward pass of one image, None for no such cap.
    """

    def __init__(self, parameters: int, flops: int | None = None) -> None:
        """Hold the caps."""
        self.parameters, self.flops = parameters, flops

    def share(self, parameters: int | None, flops: int | None) -> float:
        """Return how much of the budget is needed, by the cap that is closest: above 1 is too much."""
        shares = [0.0 if parameters is None else parameters / self.parameters]
        if self.flops is not None and flops is not None:
            shares.append(flops / self.flops)
        return max(shares)

    def needed(self, probe: Probe) -> float:
        """Return the share that a network needs by its probe, 0 where that does not tell.

        The sandbox refuses what is beyond the run's cap, and its message tells the parameters.
        """
        count = probe.parameters
        if probe.failure is not None and (found := _BEYOND.match(probe.error or "")):
            count = int(found[1].replace(",", ""))
        return self.share(count, probe.flops)


def smaller(tree: Tree, share: float, ground: Ground, way: Way = "narrower") -> Tree | None:
    """Return a tree that needs less of the budget, None where it cannot be made smaller.

    Args:
        tree: A legal tree.
        share: How much of the budget it needs, above 1.
        ground: The draft's, on which larger networks than the budget are legal.
        way: What is tried first: narrower, by widths, or shallower, by repeats.
    """
    share = max(share, _SLIGHTLY)
    drafts = (_narrower(tree, share, ground), _shallower(tree, share))
    before = ground.facts(tree)
    for draft in drafts if way == "narrower" else reversed(drafts):
        after = None if draft == tree else ground.finished(draft)
        if after is None:
            continue
        counts = before.layout.parameters, after.layout.parameters
        if counts[0] is None or counts[1] is None or counts[1] < counts[0]:
            return after.tree
    return None


def repeats(tree: Tree) -> bool:
    """Return whether anything in a tree is repeated."""
    return _shallower(tree, _SLIGHTLY) != tree


def _narrower(tree: Tree, share: float, ground: Ground) -> Tree:
    factor = Fraction(1 / sqrt(share)).limit_denominator(4096)
    return scaled_parts(tree, [path for path, _ in parts(tree)], factor, ground, _rounded_down)


def _rounded_down(width: int, factor: Fraction) -> int:
    """Return a width, scaled and rounded down to a step of edits; what is narrower than a step is left."""
    return min(width, max(int(width * factor) // WIDTH_STEP, 1) * WIDTH_STEP)


def _shallower(tree: Tree, share: float) -> Tree:
    def one(node: Node) -> Node:
        if isinstance(node, Repeat):
            return Repeat(one(node.body), max(int(node.times / share), 1))
        if isinstance(node, Composite):
            return replace(node, children=tuple(map(one, node.children)))
        return node

    def row(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(map(one, nodes))

    return normal(Tree(row(tree.stem), tuple(map(row, tree.stages)), row(tree.head)))
