"""Edits of all widths of a part at once: widen and narrow.

Every width in the part is scaled, so its modules keep their proportions. What follows a scaled width by a
word is left as it is, and what stands behind the part follows of itself, by adaptors where numbers say
otherwise; or the parts behind are scaled too. This module does *not* change the width of a single module:
`Change` does.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

from generator.trees.canonical import mapped
from generator.trees.edits.contract import Operation, Option
from generator.trees.edits.ground import Facts, Ground, with_width
from generator.trees.edits.places import at
from generator.trees.edits.settings import FACTORS, scaled
from generator.trees.nodes import Module, Path, Tree, parts, within
from generator.trees.shapes import Layout

ALONE, ALL = "it alone", "it and all behind it"


class _Scale(Operation, ABC):
    """Scales the widths of a part."""

    def places(self, tree: Tree) -> Iterator[Path]:
        """Yield the parts in which there is a width."""
        for path, nodes in parts(tree):
            inner = (node for index, each in enumerate(nodes) for _, node in within((*path, index), each))
            if any(spec is not None and spec.width for spec in map(self.ground.spec, inner)):
                yield path

    def drafts(self, tree: Tree, path: Path) -> Iterator[Option]:
        """Yield each factor, for the part and for the part with all behind it."""
        paths = [each for each, _ in parts(tree)]
        for what, chosen in ((ALONE, [path]), (ALL, paths[paths.index(path) :])):
            if what == ALL and len(chosen) == 1:
                continue
            for factor in FACTORS:
                if self.wanted(factor):
                    change = partial(scaled_parts, chosen=chosen, factor=factor, ground=self.ground)
                    yield Option(what, f"x{float(factor):g}", change)

    def wanted(self, factor: Fraction) -> bool:
        """Return whether a factor goes in the operation's direction."""
        raise NotImplementedError


class Widen(_Scale):
    """Make a part wider."""

    name = "widen"
    words = "make all modules of a stage wider"

    def wanted(self, factor: Fraction) -> bool:
        """Return whether a factor makes wider."""
        return factor > 1

    def intended(self, before: Facts, after: Facts) -> bool:
        """Return whether some part gives more channels, and none fewer."""
        changes = _changes(before.layout, after.layout)
        return max(changes) > 0 and min(changes) >= 0


class Narrow(_Scale):
    """Make a part narrower."""

    name = "narrow"
    words = "make all modules of a stage narrower"

    def wanted(self, factor: Fraction) -> bool:
        """Return whether a factor makes narrower."""
        return factor < 1

    def intended(self, before: Facts, after: Facts) -> bool:
        """Return whether some part gives fewer channels, and none more."""
        changes = _changes(before.layout, after.layout)
        return min(changes) < 0 and max(changes) <= 0


def scaled_parts(
    tree: Tree,
    chosen: list[Path],
    factor: Fraction,
    ground: Ground,
    scale: Callable[[int, Fraction], int] = scaled,
) -> Tree:
    """Return a tree with all widths in some parts scaled, each as `scale` does it.

    Numbers are scaled at once. A word is left where what it refers to is scaled, and in what is repeated,
    which keeps its shape; else it becomes a number, and what refers to that is looked at again.
    """
    before = ground.facts(tree).layout
    words: set[Path] = set()
    numbers: set[Path] = set()
    for path, site in before.sites.items():
        spec = ground.spec(site.module) if site.module else None
        if spec is not None and spec.width is not None and _in_one_of(path, chosen):
            node = at(tree, path)
            word = isinstance(node, Module) and isinstance(node.get(spec.width, "same"), str)
            (words if word else numbers).add(path)
    while True:
        changed = mapped(tree, partial(_scaled, before, numbers, lambda width: scale(width, factor), ground))
        after = ground.layout(changed).sites
        stuck = {
            path for path in words - numbers if path in after and after[path].base == before.sites[path].base
        }
        stuck = {path for path in stuck if "body" not in path}
        if not stuck:
            return changed
        numbers |= stuck


def _scaled(
    before: Layout,
    numbers: set[Path],
    scale: Callable[[int], int],
    ground: Ground,
    path: Path,
    module: Module,
) -> Module:
    if path not in numbers:
        return module
    width = scale(before.sites[path].leaving.channels)
    return with_width(module, ground.library[module.name], width)


def _in_one_of(path: Path, chosen: list[Path]) -> bool:
    return any(path[: len(part)] == part for part in chosen)


def _changes(before: Layout, after: Layout) -> list[int]:
    return [
        shape.channels - before.leaving[path].channels
        for path, shape in after.leaving.items()
        if path in before.leaving and path != ("head",)
    ] or [0]
