"""Edits that put something around nodes: composites, and repeats.

What is wrapped is one node or up to four in a row, and there is a convolution or more in it. A residual gets
its shortcut, with an adaptor where shapes differ; branches get a second branch beside the nodes, of the same
shape; a gate is put behind, as in squeeze-and-excitation. A repeat is made of what keeps its shape. This
module does *not* take composites away: `Delete` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.trees.edits.blocks import residual, spatial_gate, squeeze_and_excitation
from generator.trees.edits.contract import Operation, Option, putting
from generator.trees.edits.ground import Facts
from generator.trees.edits.places import at, row_at
from generator.trees.nodes import Composite, Module, Node, Path, Repeat, Sequence, Tree, sequence, walk
from generator.trees.shapes import MAX_TIMES
from generator.trees.specs import Shape

LONGEST_RUN = 4
"""Most nodes in a row that are wrapped together; our choice. Blocks are one node already."""

_GATES: Mapping[str, Node] = {
    "channels /4": squeeze_and_excitation("/4"),
    "channels /8": squeeze_and_excitation("/8"),
    "places": spatial_gate(7),
}


class _Around(Operation):
    """What the two have in common: runs of nodes that begin at a place."""

    def runs(self, tree: Tree, path: Path) -> Iterator[tuple[Sequence, Shape, Shape]]:
        """Yield the runs of nodes from a place on, with what enters and what leaves them."""
        sites, row = self.ground.facts(tree).layout.sites, row_at(tree, path)
        for count in range(1, min(len(row), LONGEST_RUN) + 1):
            paths = [path if index == 0 else (*path[:-1], int(path[-1]) + index) for index in range(count)]
            if any(isinstance(node, Module) and node.adaptor for node in row[:count]):
                return
            entering, leaving = sites[paths[0]].entering, sites[paths[-1]].leaving
            last_counts = count == 1 or not self.ground.silent(row[count - 1])
            if any(map(self.ground.weighty, row[:count])) and not leaving.flat and last_counts:
                yield tuple(self.ground.numbered(tree, each) for each in paths), entering, leaving

    def places(self, tree: Tree) -> Iterator[Path]:
        """Yield where a run may begin."""
        for path, node in walk(tree):
            spec = self.ground.spec(node)
            ends = spec is not None and spec.role in ("classifier", "reduction")
            row = isinstance(node, Composite) and node.kind == "sequence"
            if not ends and not row and not self.ground.silent(node):
                yield path


class Wrap(_Around):
    """Put a residual around nodes, or branches, or a gate behind them."""

    name = "wrap"
    words = "put a shortcut, parallel branches or a gate around a module or around several in a row"

    def drafts(self, tree: Tree, path: Path) -> Iterator[Option]:
        """Yield what may be put around the nodes from a place on."""
        for nodes, entering, leaving in self.runs(tree, path):
            count, bare = len(nodes), _kind(nodes)
            if bare != "residual":
                yield Option("residual", _many(count), putting(path, residual(*nodes), instead_of=count))
            if bare != "branches":
                for how, second in _beside(nodes, entering, leaving):
                    for join in ("add", "cat"):
                        around = Composite("branches", (sequence(nodes), second), join)
                        yield Option(
                            "branches",
                            f"{_many(count)}, {join} {how}",
                            putting(path, around, instead_of=count),
                        )
            if count == 1 and bare != "gate":
                for how, gate in _GATES.items():
                    yield Option("gate", how, putting(path, *nodes, gate))

    def intended(self, before: Facts, after: Facts) -> bool:
        """Return whether there is more than before."""
        return after.modules > before.modules


class Times(_Around):
    """Change how often a node is repeated; make a repeat, or dissolve one."""

    name = "repeat"
    words = "change how often a module or a block is repeated in a row"

    def places(self, tree: Tree) -> Iterator[Path]:
        """Yield what may be repeated, but no repeat's body: the repeat itself is the place."""
        return (path for path in super().places(tree) if path[-1] != "body")

    def drafts(self, tree: Tree, path: Path) -> Iterator[Option]:
        """Yield other numbers of times; for what is not repeated yet, two and three."""
        node = at(tree, path)
        if isinstance(node, Repeat):
            body = self.ground.numbered(tree, (*path, "body"))
            for times in dict.fromkeys((1, node.times - 1, node.times + 1, node.times * 2)):
                if 1 <= times <= MAX_TIMES:
                    yield Option("times", str(times), putting(path, Repeat(body, times)))
            return
        for nodes, entering, leaving in self.runs(tree, path):
            if entering == leaving and not any(isinstance(each, Repeat) for each in nodes):
                for times in (2, 3):
                    repeat = Repeat(sequence(nodes), times)
                    yield Option(
                        _many(len(nodes)), f"{times} times", putting(path, repeat, instead_of=len(nodes))
                    )

    def intended(self, before: Facts, after: Facts) -> bool:
        """Return whether there is more, or less, than before."""
        return after.modules != before.modules


def _kind(nodes: Sequence) -> str:
    """Return the kind of composite that nodes are already, empty where they are none."""
    only = nodes[0] if len(nodes) == 1 else None
    return only.kind if isinstance(only, Composite) else ""


def _many(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"


def _beside(nodes: Sequence, entering: Shape, leaving: Shape) -> Iterator[tuple[str, Node]]:
    """Yield second branches that make the same shape of the same input, if a stride does."""
    stride = max(-(-entering.height // leaving.height), 1)
    for kernel in (1, 5):
        arguments = (("width", leaving.channels), ("kernel", kernel), ("stride", stride))
        yield f"conv {kernel}x{kernel}", Module("conv", arguments)
    yield "max_pool", Module("max_pool", (("kernel", 3), ("stride", stride)))
    yield "the same again", sequence(nodes)
