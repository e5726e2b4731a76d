"""Edits of single modules and blocks: change an argument, swap, insert, delete.

A swap stays within the role of a module, and keeps the arguments that both have; a block, which is a
composite or a module of that role, is swapped for a block. Activations are not put beside activations, nor
normalisations beside normalisations. This module does *not* put anything around a node: `wrapping` does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from generator.trees.edits.blocks import BLOCKS
from generator.trees.edits.contract import Operation, Option, putting
from generator.trees.edits.ground import Facts, with_width
from generator.trees.edits.places import END, at, beside, in_row, slots
from generator.trees.edits.settings import FACTORS, one_step, scaled, widths_beside
from generator.trees.nodes import Composite, Module, Node, Path, Repeat, Tree, walk
from generator.trees.specs import ModuleSpec, Role, Shape

_ALONE: tuple[Role, ...] = ("activation", "normalisation")
_NEVER_PUT_IN: tuple[Role, ...] = ("regularisation", "reduction", "classifier")


class Change(Operation):
    """Set an argument of a module, or how branches are joined."""

    name = "change"
    words = "set one argument of a module to another value"

    def places(self, tree: Tree) -> Iterator[Path]:
        """Yield modules that have arguments, and branches."""
        for path, node in walk(tree):
            spec = self.ground.spec(node)
            branches = isinstance(node, Composite) and node.kind == "branches"
            if branches or (spec and (spec.choices or spec.width) and _editable(self, node)):
                yield path

    def drafts(self, tree: Tree, path: Path) -> Iterator[Option]:
        """Yield each other value of each argument."""
        node, site = at(tree, path), self.ground.facts(tree).layout.sites[path]
        if isinstance(node, Composite):
            other: Composite = replace(node, join="add" if node.join == "cat" else "cat")
            yield Option("join", other.join, putting(path, other))
        spec = self.ground.spec(node)
        if spec is None or not isinstance(node, Module) or site.module is None:
            return
        if spec.width is not None:
            for width in widths_beside(site.leaving.channels):
                yield Option(spec.width, str(width), putting(path, with_width(node, spec, width)))
        for name, choices in spec.choices.items():
            for value in choices:
                if value != site.module.get(name):
                    arguments = {**dict(node.arguments), name: value}
                    changed = replace(node, arguments=tuple(arguments.items()))
                    yield Option(name, str(value), putting(path, changed))


class Swap(Operation):
    """Put another module in the place of one, or another block in the place of one."""

    name = "swap"
    words = (
        "put another module of the same role in the place of one, or another block in the place of a block"
    )

    def places(self, tree: Tree) -> Iterator[Path]:
        """Yield all modules but the classifier, and all composites."""
        for path, node in walk(tree):
            spec = self.ground.spec(node)
            if (spec and spec.role != "classifier" and _editable(self, node)) or _is_block(node):
                yield path

    def drafts(self, tree: Tree, path: Path) -> Iterator[Option]:
        """Yield what may stand there instead."""
        node, site = at(tree, path), self.ground.facts(tree).layout.sites[path]
        spec, width = self.ground.spec(node), site.leaving.channels
        carried = {} if spec is None or site.module is None else dict(site.module.arguments)
        block = _is_block(node) or (spec is not None and spec.role == "block")
        if block and not site.leaving.flat:
            stride = max(-(-site.entering.height // max(site.leaving.height, 1)), 1)
            carried = carried or {"stride": stride}
            for name, build in BLOCKS.items():
                yield Option(name, "", putting(path, *build(width, stride)))
        for other in self.ground.library.of_role("block" if spec is None else spec.role):
            alone = Module(other.name)
            if other is spec or self.ground.silent(alone) or (block and not self.ground.weighty(alone)):
                continue
            for how, module in one_step(other, width, carried, widths=False):
                yield Option(other.name, how, putting(path, module))


class Insert(Operation):
    """Put in a module or a block."""

    name = "insert"
    words = "put a further module or block in"

    def places(self, tree: Tree) -> Iterator[Path]:
        """Yield all places between nodes."""
        return slots(tree)

    def drafts(self, tree: Tree, path: Path) -> Iterator[Option]:
        """Yield what may be put in: every module with its plainest settings, and one step from them."""
        entering = self._entering(tree, path)
        roles = {spec.role for spec in map(self.ground.spec, beside(tree, path)) if spec}
        for spec in self.ground.library.values():
            if not self._goes(spec, entering) or (spec.role in _ALONE and spec.role in roles):
                continue
            for how, module in one_step(spec, entering.channels, {}):
                yield Option(spec.name, how, putting(path, module, instead_of=0))
        if entering.flat:
            return
        for name, build in BLOCKS.items():
            wider = scaled(entering.channels, FACTORS[-1])
            for width, stride in itertools.product((entering.channels, wider), (1, 2)):
                how = f"width={width}" + (f", stride={stride}" if stride > 1 else "")
                yield Option(name, how, putting(path, *build(width, stride), instead_of=0))

    def intended(self, before: Facts, after: Facts) -> bool:
        """Return whether there is more than before."""
        return after.modules > before.modules

    def _goes(self, spec: ModuleSpec, entering: Shape) -> bool:
        if spec.role in _NEVER_PUT_IN or self.ground.silent(Module(spec.name)):
            return False
        return entering.flat or spec.role != "linear"

    def _entering(self, tree: Tree, path: Path) -> Shape:
        layout = self.ground.facts(tree).layout
        if path[-1] != END:
            return layout.sites[path].entering
        owner = path[:-1]
        return layout.sites[owner].leaving if owner in layout.sites else layout.leaving[owner]


class Delete(Operation):
    """Take out a node, or the shortcut around one."""

    name = "delete"
    words = "take a module or a block out, or the shortcut around a block"

    def places(self, tree: Tree) -> Iterator[Path]:
        """Yield what stands in a row, each of several branches, and what is a shortcut."""
        for path, node in walk(tree):
            spec = self.ground.spec(node)
            if spec is None or (spec.role not in ("classifier", "reduction") and _editable(self, node)):
                shortcut = isinstance(node, Composite) and node.kind == "residual"
                if shortcut or self._leaves_something(tree, path):
                    yield path

    def drafts(self, tree: Tree, path: Path) -> Iterator[Option]:
        """Yield what may be taken out at a place."""
        node = at(tree, path)
        if self._leaves_something(tree, path):
            yield Option("all of it", "", putting(path))
        if isinstance(node, Composite) and node.kind == "residual":
            body = self.ground.numbered(tree, (*path, 0))
            yield Option("its shortcut", "", putting(path, body))

    def intended(self, before: Facts, after: Facts) -> bool:
        """Return whether there is less than before."""
        return after.modules < before.modules

    def _leaves_something(self, tree: Tree, path: Path) -> bool:
        if in_row(tree, path):
            return True
        owner = at(tree, path[:-1])
        if isinstance(owner, Repeat) or not isinstance(owner, Composite):
            return False
        return owner.kind == "branches" or (owner.kind == "residual" and path[-1] == 1)


def _editable(operation: Operation, node: Node) -> bool:
    return isinstance(node, Module) and not node.adaptor and not operation.ground.silent(node)


def _is_block(node: Node) -> bool:
    return isinstance(node, Composite) and node.kind != "sequence"
