"""What flows through a tree: every node's shapes, its parameters, and what is wrong with it.

Shapes are inferred from the images on, by the specs of the modules and these rules: the parts of a sum have
equal shapes, those of a concatenation equal sides; what a gate makes of its input must broadcast to it, as
`(C, 1, 1)`, `(1, H, W)` or `(C, H, W)`; a repeat keeps the shape. Nothing is built and nothing runs.

Behind a module that cannot take what enters it nothing is known, so of such mistakes the first in each
sequence alone is found. This module does *not* mend anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from corpus.records.tasks.shape import TaskShape
from generator.trees.nodes import Composite, Module, Node, Path, Repeat, Sequence, Tree, parts
from generator.trees.specs import Library, Shape

MAX_DEPTH = 12
"""Most composites and repeats around a module; our choice."""

MAX_NODES = 2_000
"""Most nodes of a tree, each repeat's counted once; our choice."""

MAX_BUILT = 10_000
"""Most nodes of a tree with every repeat written out; our choice."""

MAX_TIMES = 64
"""Most times of a repeat; our choice."""

ProblemKind = Literal[
    "unknown", "argument", "shape", "residual", "branches", "gate", "repeat", "classifier", "size"
]
"""What is wrong.

unknown     the library has no such module
argument    a module has no such argument, or the argument no such value
shape       a module cannot take what enters it
residual    the two parts of a residual have other shapes, or there are not one or two of them
branches    the branches cannot be joined
gate        what a gate makes does not broadcast to its input
repeat      what is repeated does not keep the shape, or not often enough, or too often
classifier  there is not one classifier, in the head, of which the scores come
size        there are too many nodes, or they lie too deep
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a tree.

    Attributes:
        kind: What it is.
        path: Where it is; empty for the tree as a whole.
        text: It in words, one line.
    """

    kind: ProblemKind
    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of a node that shapes reach.

    Attributes:
        entering: What enters it; in a repeat what enters first, and so each time.
        leaving: What leaves it.
        base: The channels that words for widths refer to here.
        module: The module with every argument set and its width as a number, None where it is no module.
        times: How often it stands in the network: the product of the repeats around it.
    """

    entering: Shape
    leaving: Shape
    base: int
    module: Module | None
    times: int


@dataclass(frozen=True)
class Layout:
    """A tree with its shapes.

    Attributes:
        sites: By a node's path; nodes that no shape reaches, or that have a problem, are missing.
        problems: What is wrong, in the tree's order; empty where the tree is legal.
        leaving: What leaves stem, stages and head, by their paths.
        parameters: Trainable parameters of the nodes in `sites`, None where a module of unknown count is
            among them.
    """

    sites: Mapping[Path, Site]
    problems: tuple[Problem, ...]
    leaving: Mapping[Path, Shape]
    parameters: int | None


def lay_out(tree: Tree, shape: TaskShape, library: Library, *, images: Shape | None = None) -> Layout:
    """Return a tree with its shapes for a task.

    Args:
        tree: Any tree.
        shape: The task.
        library: Where its modules are known.
        images: What enters instead of the task's images.
    """
    walk = _Walk(library, shape.classes)
    flowing: Shape | None = images or Shape(shape.channels, shape.height, shape.width)
    for path, nodes in parts(tree):
        flowing = walk.sequence(nodes, path, flowing, flowing.channels if flowing else 1, 1, 0)
        if flowing is not None:
            walk.leaving[path] = flowing
    if all(problem.kind != "size" for problem in walk.problems):
        _check_classifier(tree, walk, flowing, shape.classes)
    return Layout(walk.sites, tuple(walk.problems), walk.leaving, walk.count)


def check(tree: Tree, shape: TaskShape, library: Library) -> list[Problem]:
    """Return what is wrong with a tree for a task; nothing where it is legal."""
    return list(lay_out(tree, shape, library).problems)


def parameters(tree: Tree, shape: TaskShape, library: Library) -> int | None:
    """Return the trainable parameters of a legal tree, None where one of its modules has no formula."""
    return lay_out(tree, shape, library).parameters


def _check_classifier(tree: Tree, walk: _Walk, leaving: Shape | None, classes: int) -> None:
    head = [number for number, node in enumerate(tree.head) if walk.is_classifier(node)]
    if len(head) != 1 or walk.classifiers != 1:
        walk.blame("classifier", ("head",), "the head needs one classifier, and nothing else may have one")
    elif leaving is not None:
        site = walk.sites[("head", head[0])]
        if leaving != Shape(classes) or (site.entering.flat and head[0] != len(tree.head) - 1):
            walk.blame("classifier", ("head", head[0]), "it must end in the scores of the classifier")


@dataclass
class _Walk:
    """One pass through a tree, with what was found so far."""

    library: Library
    classes: int
    sites: dict[Path, Site] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    leaving: dict[Path, Shape] = field(default_factory=dict)
    count: int | None = 0
    nodes: int = 0
    built: int = 0
    classifiers: int = 0

    def blame(self, kind: ProblemKind, path: Path, text: str) -> None:
        self.problems.append(Problem(kind, path, text))

    def is_classifier(self, node: Node) -> bool:
        spec = self.library.get(node.name) if isinstance(node, Module) else None
        return spec is not None and spec.role == "classifier"

    def sequence(
        self, nodes: Sequence, path: Path, entering: Shape | None, base: int, times: int, depth: int
    ) -> Shape | None:
        for number, node in enumerate(nodes):
            entering = self.node(node, (*path, number), entering, base, times, depth)
        return entering

    def node(
        self, node: Node, path: Path, entering: Shape | None, base: int, times: int, depth: int
    ) -> Shape | None:
        self.nodes, self.built = self.nodes + 1, self.built + times
        if self.nodes > MAX_NODES or depth > MAX_DEPTH or self.built > MAX_BUILT:
            if not any(problem.kind == "size" for problem in self.problems):
                nodes = f"{MAX_NODES} nodes ({MAX_BUILT} with repeats)"
                self.blame("size", path, f"more than {nodes}, or more than {MAX_DEPTH} deep")
            return None
        settled: Module | None = None
        if isinstance(node, Module):
            settled = self._settle(node, path, base)
            leaving = self._module(settled, path, entering, times) if settled and entering else None
        elif isinstance(node, Repeat):
            leaving = self._repeat(node, path, entering, times, depth)
        elif node.kind == "sequence":
            leaving = self.sequence(node.children, path, entering, base, times, depth + 1)
        else:
            inner = entering.channels if entering else base
            ways = [
                self.node(child, (*path, number), entering, inner, times, depth + 1)
                for number, child in enumerate(node.children)
            ]
            leaving = self._join(node, path, entering, ways) if entering else None
        if entering and leaving:
            self.sites[path] = Site(entering, leaving, base, settled, times)
        return leaving

    def _settle(self, module: Module, path: Path, base: int) -> Module | None:
        spec = self.library.get(module.name)
        if spec is None:
            self.blame("unknown", path, f"there is no module '{module.name}'")
            return None
        self.classifiers += spec.role == "classifier"
        settled, flaw = self.library.settled(module, base, self.classes)
        if flaw:
            self.blame("argument", path, f"{module.name}: {flaw}")
        return None if flaw else settled

    def _module(self, settled: Module, path: Path, entering: Shape, times: int) -> Shape | None:
        leaving, count = self.library.flow(settled, entering)
        if leaving is None:
            self.blame("shape", path, f"{settled.name} cannot take {_written(entering)}")
        elif count is None or self.count is None:
            self.count = None
        else:
            self.count += count * times
        return leaving

    def _repeat(
        self, node: Repeat, path: Path, entering: Shape | None, times: int, depth: int
    ) -> Shape | None:
        if not 2 <= node.times <= MAX_TIMES:
            self.blame("repeat", path, f"it is repeated {node.times} times, not 2 to {MAX_TIMES}")
            return None
        base = entering.channels if entering else 1
        leaving = self.node(node.body, (*path, "body"), entering, base, times * node.times, depth + 1)
        if leaving and entering and leaving != entering:
            self.blame("repeat", path, f"it makes {_written(leaving)} of {_written(entering)}")
            return None
        return leaving

    def _join(self, node: Composite, path: Path, entering: Shape, ways: list[Shape | None]) -> Shape | None:
        known = [way for way in ways if way is not None]
        if len(known) < len(ways):
            return None
        flaw, leaving = "", known[0] if known else entering
        if node.kind == "residual":
            summed = [*known, entering] if len(known) == 1 else known
            if len(summed) != 2 or summed[0] != summed[1]:
                flaw = f"its parts are {_listed(summed)}"
        elif node.kind == "gate":
            leaving = entering
            if len(known) != 1 or not _broadcasts(known[0], entering):
                flaw = f"it multiplies {_written(entering)} by {_listed(known)}"
        elif not known:
            flaw = "there are none"
        elif node.join == "cat":
            leaving = leaving._replace(channels=sum(way.channels for way in known))
            if len({way[1:] for way in known}) > 1:
                flaw = f"they are {_listed(known)}"
        elif len(set(known)) > 1:
            flaw = f"they are {_listed(known)}"
        if flaw and node.kind != "sequence":
            self.blame(node.kind, path, f"{node.kind}: {flaw}")
        return None if flaw else leaving


def _broadcasts(gate: Shape, entering: Shape) -> bool:
    return gate in {entering, entering._replace(channels=1), Shape(entering.channels, 1, 1)} and (
        gate.flat == entering.flat
    )


def _written(shape: Shape) -> str:
    return f"{int(shape.channels)} features" if shape.flat else "x".join(str(int(each)) for each in shape)


def _listed(shapes: list[Shape]) -> str:
    return ", ".join(map(_written, shapes)) or "none"
