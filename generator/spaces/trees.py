"""The space of trees of modules: what is drawn is a well-known family, edited; an edit is one transformation.

A point is a tree in canonical form (`generator.trees.canonical`), legal for the task, with no more parameters
than the cap; where a module's parameters cannot be told without building it, the evaluator holds the cap. The
modules are those of a library: our own primitives, or mined ones as well.

    conv(16) batch_norm relu | 2x[residual(conv batch_norm relu conv batch_norm) relu] | mean classifier

This module does *not* mine modules, and the edits are in `generator.trees.edits`.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Mapping
from functools import cached_property

from corpus.records.tasks.shape import TaskShape
from generator.spaces.errors import no_room, require_side
from generator.trees.canonical import canonical, key
from generator.trees.edits.catalogue import operations
from generator.trees.edits.contract import EditError, Operation
from generator.trees.edits.ground import Ground
from generator.trees.encoding import GRAMMAR, decode, encode
from generator.trees.nodes import Composite, Module, Node, Repeat, Tree, walk
from generator.trees.primitives import primitives
from generator.trees.rendering import render
from generator.trees.shapes import check, parameters
from generator.trees.specs import Library
from generator.trees.starts import starts

MOST_EDITS = 8
"""Edits between a family and what is drawn, at most; our choice."""

_SMALLEST = "conv(4) batch_norm relu | mean classifier"
_EXAMPLE = (
    "conv(8) batch_norm relu | residual(conv batch_norm) relu | max_pool conv(16) relu | mean classifier"
)


class TreeSpace:
    """The trees for a task; see the module's text.

    Args:
        shape: The task; both sides at least 6.
        max_parameters: Cap on a network's trainable parameters.
        library: The modules that trees are made of; it holds the primitives. They alone if it is None.

    Attributes:
        shape: The task.
        library: The modules that trees are made of.
        ground: What edits are made on: the task, the library and the cap.
        edits: The operations by their names, in a fixed order.

    Raises:
        NoRoomError: The images are too small, or hardly any network is below the cap.
    """

    name = "trees"
    author = "trees-1"
    textual = False

    def __init__(
        self, shape: TaskShape, *, max_parameters: int = 500_000, library: Library | None = None
    ) -> None:
        require_side(self.name, shape.height, shape.width)
        self.library = primitives() if library is None else library
        self.shape, self._max_parameters = shape, max_parameters
        self.ground = Ground(self.library, shape, max_parameters)
        self.edits: Mapping[str, Operation] = operations(self.ground)
        smallest = decode(_SMALLEST, self.library)
        needed = 2 * (self.parameters(smallest) or 0) if smallest else 0
        if smallest is None or needed > max_parameters:
            raise no_room(self.name, needed, max_parameters)
        found = starts(shape, self.library, max_parameters=max_parameters)
        self._starts = found or {"small": canonical(smallest, shape, self.library)}

    def starts(self) -> list[Tree]:
        """Return the trees that drawing begins with: one of each family that there is room for."""
        return list(self._starts.values())

    def start(self, name: str) -> Tree | None:
        """Return the starting tree of a family, None where there is no room for it, or no such family."""
        return self._starts.get(name)

    def primitive(self) -> TreeSpace:
        """Return the space over the primitives of the library alone."""
        own = Library(spec for spec in self.library.values() if spec.primitive)
        return TreeSpace(self.shape, max_parameters=self._max_parameters, library=own)

    def sample(self, rng: random.Random) -> Tree:
        """Draw a family and a number of edits, and make these one after the other."""
        point = rng.choice(self.starts())
        for _ in range(rng.randint(1, MOST_EDITS)):
            point, _ = self.mutate(point, rng)
        return point

    def mutate(self, point: Tree, rng: random.Random, operation: str | None = None) -> tuple[Tree, str]:
        """Make one edit: its operation is drawn among those that are possible, then where, what and how.

        Args:
            point: A legal point.
            rng: The only source of chance.
            operation: Name of the operation; None to draw it.

        Raises:
            EditError: The operation is not possible anywhere; never where none is named.
        """
        names = [operation] if operation else rng.sample(list(self.edits), len(self.edits))
        for name in names:
            edited = self.edits[name].draw(point, rng)
            if edited is not None:
                return edited, name
        raise EditError(f"no edit '{operation}' is possible" if operation else "no edit is possible")

    def legal(self, point: Tree) -> bool:
        """Return whether a tree's shapes fit and it is below the cap on parameters."""
        return not check(point, self.shape, self.library) and self._below_the_cap(point)

    def encode(self, point: Tree) -> str:
        """Return a tree as a line of text."""
        return encode(point, self.library)

    def decode(self, text: str) -> Tree | None:
        """Return the legal point of an encoding, in canonical form, None where it is none."""
        tree = decode(text, self.library)
        if tree is None or check(tree, self.shape, self.library):
            return None
        point = canonical(tree, self.shape, self.library)
        return point if self.legal(point) else None

    def key(self, point: Tree) -> str:
        """Return the content address of the canonical form, adaptors not told from other convolutions."""
        return key(point, self.shape, self.library)

    def render(self, point: Tree) -> str:
        """Return the program of a legal point."""
        return render(canonical(point, self.shape, self.library), self.shape, self.library)

    def parameters(self, point: Tree) -> int | None:
        """Return the trainable parameters of a point, None where one of its modules must be built to tell."""
        return parameters(point, self.shape, self.library)

    def niche(self, point: Tree) -> Hashable:
        """Return what a tree is made of: roles of its modules, kinds of its composites, number of stages."""
        nodes = [node for _, node in walk(point)]
        return len(point.stages), frozenset(filter(None, map(self._kind, nodes)))

    def vocabulary(self) -> tuple[str, ...]:
        """Return the names of all modules, the composites, and `repeat`."""
        return (*self.library, "residual", "cat", "add", "gate", "repeat")

    def operations(self, point: Tree) -> tuple[str, ...]:
        """Return the modules, composites and repeats of a tree by name, in its order."""
        return tuple(word for _, node in walk(point) if (word := _word(node)))

    def describe(self) -> str:
        """Return what there is to know in order to write a point."""
        return (
            f"{GRAMMAR}\nAt most {self._max_parameters:,} parameters.\n"
            f"Modules: {', '.join(self._signatures)}.\n"
            f"Edits: {', '.join(self.edits)}.\nExample:\n{_EXAMPLE}"
        )

    @cached_property
    def _signatures(self) -> list[str]:
        found = []
        for spec in self.library.values():
            arguments = [*([spec.width] if spec.width else []), *spec.choices]
            found.append(spec.name + (f"({', '.join(arguments)})" if arguments else ""))
        return found

    def _below_the_cap(self, point: Tree) -> bool:
        count = self.parameters(point)
        return count is None or count <= self._max_parameters

    def _kind(self, node: Node) -> str:
        if isinstance(node, Composite):
            return _word(node)
        return self.library[node.name].role if isinstance(node, Module) else ""


def _word(node: Node) -> str:
    if isinstance(node, Module):
        return node.name
    if isinstance(node, Repeat):
        return "repeat"
    return "" if node.kind == "sequence" else node.join if node.kind == "branches" else node.kind
