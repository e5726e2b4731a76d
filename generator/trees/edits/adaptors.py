"""Adaptors: 1x1 convolutions that stand in a tree only so that shapes fit.

`mended` takes all adaptors out of a tree and puts in those that it needs, one where shapes break first, then
one where they break next, so none stands there that is not needed. Where it goes:

    residual   the shorter way gets it: behind the shortcut, else behind the body
    branches   behind each branch that is not of the shape that takes the fewest adaptors
    gate       in front of the last activation of what the gate makes
    repeat     behind what is repeated
    module     in front of a module that takes no such number of channels

An adaptor changes channels and, by its stride, makes sides smaller; nothing makes them larger. This module
does *not* mend what is no matter of shapes, nor does it judge an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from corpus.records.tasks.shape import TaskShape
from generator.trees.canonical import IDENTITY
from generator.trees.edits.places import END, at, put
from generator.trees.nodes import Composite, Module, Node, Path, Repeat, Sequence, Tree, normal, sequence
from generator.trees.shapes import Layout, Problem, lay_out
from generator.trees.specs import Library, Shape

MOST_ADAPTORS = 16
"""Beyond so many a tree is given up; our choice."""

LayOut = Callable[[Tree], Layout]
"""Lays a tree out."""

_MODULE = "conv"
_STRIDES = range(1, 17)
_MULTIPLES = (2, 4, 8, 16)
"""What the channels are rounded up to a multiple of, for a module that takes groups of them."""


def without_adaptors(tree: Tree) -> Tree:
    """Return a tree without its adaptors; what was an adaptor alone is the identity."""
    stages = tuple(_stripped_row(stage) for stage in tree.stages)
    return normal(Tree(_stripped_row(tree.stem), stages, _stripped_row(tree.head)))


def adaptors(tree: Tree, shape: TaskShape, library: Library) -> int:
    """Return how many adaptors a legal tree has, as often as they stand in the network."""
    sites = lay_out(tree, shape, library).sites.values()
    return sum(site.times for site in sites if site.module is not None and site.module.adaptor)


def mended(tree: Tree, shape: TaskShape, library: Library, layout_of: LayOut) -> Tree | None:
    """Return a tree whose shapes fit, None where adaptors cannot make them.

    Args:
        tree: Any tree.
        shape: The task.
        library: The modules that there are.
        layout_of: Lays a tree out for that task and library; it may remember.
    """
    found: Tree | None = without_adaptors(tree)
    for _ in range(MOST_ADAPTORS + 1):
        if found is None:
            break
        layout = layout_of(found)
        if not layout.problems:
            return found
        found = _Mending(found, layout, shape, library).mend(layout.problems[0])
    return None


def _stripped_row(nodes: Sequence) -> Sequence:
    return tuple(_stripped(node) for node in nodes if not (isinstance(node, Module) and node.adaptor))


def _stripped(node: Node) -> Node:
    if isinstance(node, Repeat):
        return Repeat(_stripped(node.body), node.times)
    if isinstance(node, Composite):
        if node.kind == "sequence":
            return sequence(_stripped_row(node.children) or [IDENTITY])
        return replace(node, children=tuple(map(_stripped, node.children)))
    return IDENTITY if node.adaptor else node


class _Mending:
    """One tree, at the first place where its shapes break."""

    def __init__(self, tree: Tree, layout: Layout, shape: TaskShape, library: Library) -> None:
        self._tree, self._layout, self._shape, self._library = tree, layout, shape, library

    def mend(self, problem: Problem) -> Tree | None:
        """Return the tree with what mends a problem, None where nothing does."""
        if _MODULE not in self._library:
            return None
        if problem.kind == "shape":
            return self._in_front(problem.path)
        node = at(self._tree, problem.path) if problem.path else None
        if isinstance(node, Repeat) and problem.kind == "repeat":
            site = self._layout.sites.get((*problem.path, "body"))
            return self._behind((*problem.path, "body"), site.leaving, site.entering) if site else None
        if not isinstance(node, Composite) or not node.children:
            return None
        mends = {"residual": self._residual, "branches": self._branches, "gate": self._gate}
        mend = mends.get(problem.kind)
        return mend(problem.path, node) if mend else None

    def _residual(self, path: Path, node: Composite) -> Tree | None:
        if len(node.children) == 1:
            node = replace(node, children=(*node.children, IDENTITY))
            self._tree = put(self._tree, path, (node,))
        body = self._layout.sites[(*path, 0)]
        shortcut = self._layout.sites.get((*path, 1))
        short = shortcut.leaving if shortcut else body.entering
        return self._behind((*path, 1), short, body.leaving) or self._behind((*path, 0), body.leaving, short)

    def _branches(self, path: Path, node: Composite) -> Tree | None:
        """Put adaptors behind all branches that need one, so that the fewest are needed."""
        ways = [self._layout.sites[(*path, number)].leaving for number in range(len(node.children))]
        best: tuple[int, list[Shape]] | None = None
        for target in dict.fromkeys(ways):
            wanted = [way._replace(height=target.height, width=target.width) for way in ways]
            wanted = wanted if node.join == "cat" else [target] * len(ways)
            pairs = list(zip(ways, wanted, strict=True))
            count = sum(way != want for way, want in pairs)
            fits = all(way == want or _adaptor(way, want) for way, want in pairs)
            if fits and (best is None or count < best[0]):
                best = count, wanted
        if best is None:
            return None
        tree = self._tree
        for number, (way, want) in enumerate(zip(ways, best[1], strict=True)):
            adaptor = _adaptor(way, want)
            if way != want and adaptor:
                tree = put(tree, (*path, number, END), (adaptor,))
        return tree

    def _gate(self, path: Path, node: Composite) -> Tree | None:
        site = self._layout.sites[(*path, 0)]
        made, channels = site.leaving, site.entering.channels
        adaptor = _adaptor(made, made._replace(channels=channels))
        nodes = _row(node.children[0])
        last = next((index for index in range(len(nodes), 0, -1) if not self._acts(nodes[index - 1])), 0)
        gate = Composite("gate", (sequence((*nodes[:last], *([adaptor] if adaptor else []), *nodes[last:])),))
        fits = (made.height, made.width) in {(site.entering.height, site.entering.width), (1, 1)}
        return put(self._tree, path, (gate,)) if adaptor and fits and made.channels != channels else None

    def _in_front(self, path: Path) -> Tree | None:
        entering = self._entering(path)
        if entering is None or entering.flat:
            return None
        widths = dict.fromkeys(-(-entering.channels // each) * each for each in _MULTIPLES)
        for width in widths:
            adaptor = _adaptor(entering, entering._replace(channels=width))
            if adaptor is None or width == entering.channels or not self._may_take(path, entering, width):
                continue
            tree = put(self._tree, path, (adaptor,), instead_of=0)
            if path not in {problem.path for problem in self._problems(tree, path)}:
                return tree
        return None

    def _may_take(self, path: Path, entering: Shape, width: int) -> bool:
        """Return whether a module might take so many channels: a cheap test before the whole is laid out."""
        node = at(self._tree, path)
        spec = self._library.get(node.name) if isinstance(node, Module) else None
        if spec is None or not isinstance(node, Module):
            return False
        settled = spec.settled(node, width, self._shape.classes)
        return spec.infer(entering._replace(channels=width), settled) is not None

    def _problems(self, tree: Tree, path: Path) -> Iterable[Problem]:
        """Yield the problems of a tree with a new node at a path, as if that node were not there."""
        row = isinstance(self._owner(path), tuple)
        behind = (*path[:-1], int(path[-1]) + 1) if row else (*path, 1)
        for problem in lay_out(tree, self._shape, self._library).problems:
            yield replace(problem, path=path) if problem.path == behind else problem

    def _acts(self, node: Node) -> bool:
        spec = self._library.get(node.name) if isinstance(node, Module) else None
        return spec is not None and spec.role == "activation"

    def _behind(self, path: Path, way: Shape, wanted: Shape) -> Tree | None:
        adaptor = _adaptor(way, wanted)
        return put(self._tree, (*path, END), (adaptor,)) if adaptor else None

    def _owner(self, path: Path) -> Sequence | Node:
        """Return the row that a place is in, or the node, where it is a child that stands alone."""
        if len(path) == (3 if path[0] == "stages" else 2):
            return ()
        owner = at(self._tree, path[:-1])
        return owner.children if isinstance(owner, Composite) and owner.kind == "sequence" else owner

    def _entering(self, path: Path) -> Shape | None:
        """Return what enters a node that no shape reaches beyond."""
        in_row = isinstance(self._owner(path), tuple)
        if in_row and path[-1] != 0:
            site = self._layout.sites.get((*path[:-1], int(path[-1]) - 1))
            return site.leaving if site else None
        if len(path) > (3 if path[0] == "stages" else 2):
            return self._entering(path[:-1])
        before = Shape(self._shape.channels, self._shape.height, self._shape.width)
        for part, leaving in self._layout.leaving.items():
            if part == path[: len(part)]:
                break
            before = leaving
        return before


def _row(node: Node) -> Sequence:
    return node.children if isinstance(node, Composite) and node.kind == "sequence" else (node,)


def _adaptor(way: Shape, wanted: Shape) -> Module | None:
    """Return the adaptor from one shape to another, None where there is none."""
    for stride in _STRIDES:
        if (-(-way.height // stride), -(-way.width // stride)) == (wanted.height, wanted.width):
            arguments = (("width", wanted.channels), ("kernel", 1), ("stride", stride))
            return None if way.flat else Module(_MODULE, arguments, adaptor=True)
    return None
