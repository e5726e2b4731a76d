"""What a network needs of the run's budget, and how it is made smaller.

That the parameters and FLOPs of a network are verified before it is trained, and that it is made smaller up
to four times where they are too many, is from notes on the full paper; there a model rewrites the code. Here
all widths are scaled at once, by the root of what is too much, since parameters and FLOPs grow with their
square; where they are as small as edits make them, or a model would rather have it shallower, what is
repeated is repeated less often. Widths stay multiples of what edits go by: rounded, or rounded down where
that is still too much. This module does *not* build networks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import sqrt
from typing import Literal

from corpus.records.search.probes import Probe
from generator.trees.edits.ground import Ground
from generator.trees.edits.settings import WIDTH_STEP, scaled
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

    Of what is tried, the first that should be small enough by its count of parameters is taken, else the
    smallest; where a module's parameters cannot be told, the first.

    Args:
        tree: A legal tree.
        share: How much of the budget it needs, above 1.
        ground: The draft's, on which larger networks than the budget are legal.
        way: What is tried first: narrower, by widths, or shallower, by repeats.
    """
    share = max(share, _SLIGHTLY)
    narrower = [_narrower(tree, share, ground, scale) for scale in (_rounded, _floored)]
    drafts = [*narrower, _shallower(tree, share)]
    if way == "shallower":
        drafts.insert(0, drafts.pop())
    before = ground.facts(tree).layout.parameters
    found: list[tuple[int, Tree]] = []
    for draft in drafts:
        after = None if draft == tree else ground.finished(draft)
        if after is None:
            continue
        count = after.layout.parameters
        if before is None or count is None or count <= before / share:
            return after.tree
        if count < before:
            found.append((count, after.tree))
    return min(found, key=lambda each: each[0])[1] if found else None


def repeats(tree: Tree) -> bool:
    """Return whether anything in a tree is repeated."""
    return _shallower(tree, _SLIGHTLY) != tree


def _narrower(tree: Tree, share: float, ground: Ground, scale: Callable[[int, Fraction], int]) -> Tree:
    factor = Fraction(1 / sqrt(share)).limit_denominator(4096)
    return scaled_parts(tree, [path for path, _ in parts(tree)], factor, ground, scale)


def _rounded(width: int, factor: Fraction) -> int:
    """Return a width, scaled and rounded to a step of edits; what is narrower than a step is left."""
    return min(width, scaled(width, factor))


def _floored(width: int, factor: Fraction) -> int:
    """Return the same, rounded down."""
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
