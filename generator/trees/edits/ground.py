"""What edits are made on: a task, a library and a cap, and what a tree amounts to there.

A tree that an edit leads to is finished here: its shapes are mended, it is brought into canonical form, and
it is let through where it is legal and small enough. Whether it is another network than before is told by
what its modules are built as, without what leaves no trace in a network at evaluation (dropout, identity),
with every repeat written out. That a network really runs, and that its recorded graph is another, is for
`generator.trees.edits.gate` to say. This module does *not* make edits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from corpus.records.tasks.shape import TaskShape
from generator.trees.canonical import canonical
from generator.trees.edits.adaptors import LayOut, mended, without_adaptors
from generator.trees.edits.places import at
from generator.trees.nodes import Module, Node, Path, Repeat, Tree, Value, parts
from generator.trees.shapes import Layout, lay_out
from generator.trees.specs import Library, ModuleSpec

MOST_MODULES = 240
"""Modules of a network, repeats written out, beyond which no edit leads: a graph of all its operators should
still be recorded. Our choice."""

_REMEMBERED = 4096
_PASSES = 4


class Facts(NamedTuple):
    """What a tree amounts to on a ground.

    Attributes:
        tree: The tree.
        layout: Its shapes.
        seen: What a recorded graph can tell of it: equal for trees of which it cannot tell a difference.
        modules: Modules that leave a trace in the graph, repeats written out.
    """

    tree: Tree
    layout: Layout
    seen: tuple[Any, ...]
    modules: int


class Ground:
    """A task, a library, a cap on parameters.

    Attributes:
        library: The modules that may be used.
        shape: The task.
        max_parameters: Most trainable parameters.
    """

    def __init__(self, library: Library, shape: TaskShape, max_parameters: int) -> None:
        """Hold them; what is found out about trees is remembered for the last few thousand of them."""
        self.library, self.shape, self.max_parameters = library, shape, max_parameters
        self.layout: LayOut = lru_cache(_REMEMBERED)(lambda tree: lay_out(tree, shape, library))
        self.facts: Callable[[Tree], Facts] = lru_cache(_REMEMBERED)(self._facts)
        self.finished: Callable[[Tree], Facts | None] = lru_cache(_REMEMBERED)(self._finished)

    def spec(self, node: Node) -> ModuleSpec | None:
        """Return the spec of a module, None for what is none, or is unknown."""
        return self.library.get(node.name) if isinstance(node, Module) else None

    def silent(self, node: Node) -> bool:
        """Return whether a module leaves no trace in a graph that is recorded at evaluation."""
        spec = self.spec(node)
        return spec is not None and (spec.role == "regularisation" or spec.name == "identity")

    def weighty(self, node: Node) -> bool:
        """Return whether there is more in a node than what normalises, activates or pools."""
        if isinstance(node, Repeat):
            return self.weighty(node.body)
        spec = self.spec(node)
        if spec is not None:
            heavy = spec.role in ("convolution", "attention", "block", "linear")
            return heavy and spec.name not in ("identity", "channel_shuffle")
        return not isinstance(node, Module) and any(map(self.weighty, node.children))

    def numbered(self, tree: Tree, path: Path) -> Node:
        """Return the node at a path with widths as numbers, so that it means the same in another place."""
        sites = self.facts(tree).layout.sites

        def one(node: Node, place: Path) -> Node:
            if isinstance(node, Repeat):
                return replace(node, body=one(node.body, (*place, "body")))
            if not isinstance(node, Module):
                children = tuple(one(child, (*place, index)) for index, child in enumerate(node.children))
                return replace(node, children=children)
            spec, site = self.spec(node), sites.get(place)
            return with_width(node, spec, site.leaving.channels) if spec and site else node

        return one(at(tree, path), path)

    def small(self, layout: Layout) -> bool:
        """Return whether a tree is below the cap; one whose parameters cannot be told is, so far."""
        return layout.parameters is None or layout.parameters <= self.max_parameters

    def _facts(self, tree: Tree) -> Facts:
        layout = self.layout(tree)
        seen = tuple(_Sight(self, layout).row(path, nodes) for path, nodes in parts(tree))
        flat = tuple(each for row in seen for each in row)
        return Facts(tree, layout, flat, _count(flat))

    def _finished(self, draft: Tree) -> Facts | None:
        """Return what becomes of a draft; None where it cannot be made legal, or is too large."""
        tree = self._whole(draft)
        if tree is None:
            return None
        facts = self.facts(tree)
        side = max(self.shape.height, self.shape.width)
        fits = (
            not facts.layout.problems
            and self.small(facts.layout)
            and facts.modules <= MOST_MODULES
            and all(max(site.leaving[1:]) <= side for site in facts.layout.sites.values())
        )
        return facts if fits else None

    def _whole(self, tree: Tree) -> Tree | None:
        """Return the canonical form of a tree with all adaptors that it needs, and no other.

        What is canonical may need other adaptors: a sum with the identity is a residual.
        """
        for _ in range(_PASSES):
            whole = mended(tree, self.shape, self.library, self.layout)
            if whole is None:
                return None
            found = canonical(whole, self.shape, self.library)
            if found == tree or whole == without_adaptors(whole):
                return found
            tree = found
        return tree


class _Sight:
    """Sees a tree as its recorded graph would show it."""

    def __init__(self, ground: Ground, layout: Layout) -> None:
        self._ground, self._layout = ground, layout

    def row(self, path: Path, nodes: tuple[Node, ...]) -> tuple[Any, ...]:
        return tuple(each for index, node in enumerate(nodes) for each in self._node((*path, index), node))

    def _node(self, path: Path, node: Node) -> tuple[Any, ...]:
        if isinstance(node, Repeat):
            return self._node((*path, "body"), node.body) * node.times
        if isinstance(node, Module):
            site = self._layout.sites.get(path)
            if site is None or site.module is None or self._ground.silent(node):
                return ()
            return (self._ground.library[node.name].write(site.entering, site.module),)
        if node.kind == "sequence":
            return self.row(path, node.children)
        children = [self._node((*path, index), child) for index, child in enumerate(node.children)]
        name = f"{node.kind} {node.join}"
        return ((name, *(sorted(children, key=str) if name == "branches add" else children)),)


def _count(seen: tuple[Any, ...]) -> int:
    return sum(1 if isinstance(each, str) else 1 + sum(map(_count, each[1:])) for each in seen)


def with_width(module: Module, spec: ModuleSpec, width: int) -> Module:
    """Return a module with another width, itself where it has none."""
    if spec.width is None:
        return module
    return replace(module, arguments=tuple({spec.width: width, **_without(module, spec.width)}.items()))


def _without(module: Module, name: str) -> dict[str, Value]:
    return {each: value for each, value in module.arguments if each != name}
