"""A network as a tree: model -> stem, stages, head -> composites and repeats -> modules -> arguments.

    Tree(
        stem=(Module("conv", (("width", 16),)), Module("relu")),
        stages=((Repeat(Composite("residual", (...,)), 2),), (...,)),
        head=(Module("mean"), Module("classifier")),
    )

What follows from the images is never in a tree: neither the channels that enter a module nor the number of
classes. So a change in one place needs no change behind it, and a tree fits any task that it has room for.

A tree is a value: equal trees are equal networks, up to their weights. In *normal form* no sequence stands
directly in a sequence (their nodes are one list), a sequence of one node is that node, and a repeat is of two
times or more. `normal` brings any tree there. Trees that differ in what no network shows, such as an argument
at its default, have one *canonical form* (`generator.trees.canonical`), which is a normal one.

This module does *not* know what a module does: its spec does (`generator.trees.specs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Value = int | float | bool | str | None
"""What an argument of a module may be set to."""

Kind = Literal["sequence", "residual", "branches", "gate"]
"""How a composite runs its children.

sequence   one after the other
residual   the sum of the first child and of the second, or of the input itself where there is no second
branches   all on the same input, their outputs joined: channel-wise ("cat") or summed up ("add")
gate       the input times what its only child makes of it, as in squeeze-and-excitation
"""

Join = Literal["cat", "add"]


@dataclass(frozen=True, slots=True)
class Module:
    """One module: a leaf of the tree.

    Attributes:
        name: Its name in the library: `conv`, `relu`, `ConvNormAct-1a2b3c4d`.
        arguments: What is chosen, by the argument's name, in the order of its spec; what is left at its
            default is left out.
        adaptor: Whether it stands here only so that shapes fit: a transformation put it in, nobody chose it.
    """

    name: str
    arguments: tuple[tuple[str, Value], ...] = ()
    adaptor: bool = False

    def get(self, name: str, default: Value = None) -> Value:
        """Return the value of an argument, `default` where it is not chosen."""
        return dict(self.arguments).get(name, default)


@dataclass(frozen=True, slots=True)
class Composite:
    """Several nodes as one.

    Attributes:
        kind: How they run.
        children: They, in their order.
        join: How the outputs of branches are joined; "add" for the other kinds.
    """

    kind: Kind
    children: tuple[Node, ...]
    join: Join = "add"


@dataclass(frozen=True, slots=True)
class Repeat:
    """One node, several times in a row, each time with weights of its own.

    Attributes:
        body: The node; as many channels leave it as enter it, and sides stay.
        times: How often, at least 2.
    """

    body: Node
    times: int


Node = Module | Composite | Repeat
Sequence = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole network.

    Attributes:
        stem: From the images to the first features.
        stages: Parts that work at one resolution each; each but the first usually halves the sides first.
        head: From the last features `(B, C, H, W)` to the scores; it ends in `classifier`.
    """

    stem: Sequence
    stages: tuple[Sequence, ...]
    head: Sequence


Path = tuple[str | int, ...]
"""A place in a tree: `("stages", 1, 0, "body", 2)`; `"stem"` and `"head"` are followed by a place in them.

A composite's children are at their number, a repeat's node at `"body"`.
"""


def parts(tree: Tree) -> Iterator[tuple[Path, Sequence]]:
    """Yield the sequences that a tree is made of, with their paths: stem, stages, head."""
    yield ("stem",), tree.stem
    for number, stage in enumerate(tree.stages):
        yield ("stages", number), stage
    yield ("head",), tree.head


def walk(tree: Tree) -> Iterator[tuple[Path, Node]]:
    """Yield every node of a tree with its path, each before those in it, in the order of the network."""
    for path, nodes in parts(tree):
        for number, node in enumerate(nodes):
            yield from within((*path, number), node)


def within(path: Path, node: Node) -> Iterator[tuple[Path, Node]]:
    """Yield a node and every node in it, with their paths."""
    yield path, node
    if isinstance(node, Repeat):
        yield from within((*path, "body"), node.body)
    elif isinstance(node, Composite):
        for number, child in enumerate(node.children):
            yield from within((*path, number), child)


def normal(tree: Tree) -> Tree:
    """Return the normal form of a tree."""
    stages = tuple(_flat(stage) for stage in tree.stages)
    return Tree(_flat(tree.stem), tuple(stage for stage in stages if stage), _flat(tree.head))


def sequence(nodes: Iterable[Node]) -> Node:
    """Return nodes that run one after the other as one node, in normal form."""
    flat = _flat(nodes)
    return flat[0] if len(flat) == 1 else Composite("sequence", flat)


def _flat(nodes: Iterable[Node]) -> Sequence:
    found: list[Node] = []
    for node in map(_normal_node, nodes):
        found.extend(node.children if isinstance(node, Composite) and node.kind == "sequence" else [node])
    return tuple(found)


def _normal_node(node: Node) -> Node:
    if isinstance(node, Composite):
        if node.kind == "sequence":
            return sequence(node.children)
        children = tuple(_normal_node(child) for child in node.children)
        return Composite(node.kind, children, node.join)
    if isinstance(node, Repeat):
        body = _normal_node(node.body)
        if isinstance(body, Repeat):
            return Repeat(body.body, body.times * node.times)
        return body if node.times == 1 else Repeat(body, node.times)
    return node
