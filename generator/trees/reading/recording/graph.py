"""What flows through a network that is being read, and how its paths are nested.

Every value knows its *fork*: the last value that all ways to it pass through, itself aside. Where paths join,
each of them is a chain from that fork on; so a network is nested as a tree if every value is used in the
chains that the tree has a place for, and in no other.

This module does *not* know any module or any Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from generator.trees.nodes import Composite, Module, Node, Repeat, Sequence, sequence
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.recording.lifting import lifted
from generator.trees.specs import Shape

MAX_LINKS = 50_000
"""Values that are passed while one network is nested, each as often as it is passed; our choice."""

Way = Literal["residual", "add", "cat"]

LONGEST_PERIOD = 12
"""Most modules, called one by one, that make up the body of a repeat; our choice."""

IDENTITY = Module("identity")


@dataclass(eq=False)
class Value:
    """What one place of a network gives.

    Attributes:
        shape: Its shape.
        fork: The last value that all ways to it pass through; None for what enters the network.
        site: The call of the program that made it: what one site makes alike, again and again, is a loop's.
        depth: How many forks lie before it.
    """

    shape: Shape
    fork: Value | None = None
    site: object = None
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        self.depth = self.fork.depth + 1 if self.fork else 0


@dataclass(eq=False)
class Applied(Value):
    """What nodes of a tree make of `fork`.

    Attributes:
        nodes: They, in their order.
        owner: The module of the program that was called.
        weights: The modules among them that have weights.
    """

    nodes: Sequence = ()
    owner: object = None
    weights: tuple[object, ...] = ()


@dataclass(eq=False)
class Entered(Value):
    """The same as `fork`, as the input of a module of the program."""


@dataclass(eq=False)
class Joined(Value):
    """A sum (of two, or of any number), or a concatenation of channels."""

    way: Way = "add"
    parts: tuple[Value, ...] = ()


@dataclass(eq=False)
class Gated(Value):
    """`fork`, times what was made of it."""

    gate: Value | None = None


@dataclass
class Link:
    """One member of a chain: nodes, with what is told of them in `Applied`."""

    nodes: Sequence
    site: object
    owner: object
    entering: Shape
    leaving: Shape
    weights: tuple[object, ...]


def meeting(first: Value, second: Value) -> Value:
    """Return the last value that all ways to both pass through, which may be one of them."""
    while first is not second:
        if first.depth < second.depth:
            first, second = second, first
        if first.fork is None:
            raise NotATreeError("joined", "two inputs join")
        first = first.fork
    return first


class Nesting:
    """Nests the paths of one network; it counts the values that it passes."""

    def __init__(self) -> None:
        self._passed = 0

    def chain(self, last: Value, first: Value) -> list[Link]:
        """Return what leads from one value to another, link by link.

        Raises:
            NotATreeError: Paths join otherwise than in a tree, or there are too many.
        """
        links: list[Link] = []
        value = last
        while value is not first:
            self._passed += 1
            if self._passed > MAX_LINKS:
                raise NotATreeError("bounds", "too many paths")
            if value.fork is None:
                raise NotATreeError("joined", "a module works on more than its input")
            if isinstance(value, Applied):
                nodes, owner = value.nodes, value.owner
                links.append(Link(nodes, value.site, owner, value.fork.shape, value.shape, value.weights))
            elif isinstance(value, Joined):
                links.append(self._join(value, value.fork))
            elif isinstance(value, Gated) and value.gate is not None:
                way, weights = self._way(value.gate, value.fork)
                links.append(_link(Composite("gate", (way,)), value.fork, value, weights))
            value = value.fork
        return links[::-1]

    def network(self, last: Value, first: Value) -> tuple[list[Link], list[object]]:
        """Return what leads from the images to the scores, and the modules with weights, as often as used."""
        links = self.chain(last, first)
        return links, [weight for link in links for weight in link.weights]

    def nodes(self, last: Value, first: Value) -> tuple[Sequence, tuple[object, ...]]:
        """Return what leads from one value to another as nodes, and the modules among them with weights."""
        links = self.chain(last, first)
        weights = tuple(weight for link in links for weight in link.weights)
        return lifted(flat(repeats(links))), weights

    def _join(self, value: Joined, fork: Value) -> Link:
        ways = [self._way(part, fork) for part in value.parts]
        nodes = [node for node, _ in ways]
        weights = tuple(weight for _, each in ways for weight in each)
        if value.way == "residual":
            kept = [node for node in nodes if node != IDENTITY] or [IDENTITY]
            return _link(Composite("residual", tuple(kept)), fork, value, weights)
        return _link(Composite("branches", tuple(nodes), value.way), fork, value, weights)

    def _way(self, last: Value, first: Value) -> tuple[Node, tuple[object, ...]]:
        nodes, weights = self.nodes(last, first)
        return (sequence(nodes) if nodes else IDENTITY), weights


def _link(node: Node, fork: Value, value: Value, weights: tuple[object, ...]) -> Link:
    return Link((node,), value.site, None, fork.shape, value.shape, weights)


def repeats(links: list[Link]) -> list[Node]:
    """Return links as nodes, where a loop of the program made them as one repeat.

    A loop shows in that the calls which built the links, and what they built, come again and again, each time
    from one shape to the same.
    """
    links = [link for link in links if link.nodes]
    found: list[Node] = []
    place = 0
    while place < len(links):
        period, times = _loop(links, place)
        body = [node for link in links[place : place + period] for node in link.nodes]
        found += [Repeat(sequence(body), times)] if times > 1 else body
        place += period * times
    return found


def _loop(links: list[Link], place: int) -> tuple[int, int]:
    """Return how many links from a place on are a loop's body, and how often they come; 1, 1 for none."""
    for period in range(1, min(LONGEST_PERIOD, (len(links) - place) // 2) + 1):
        body, times = links[place : place + period], 1
        if body[0].entering != body[-1].leaving or any(link.site is None for link in body):
            continue
        while _same(body, links[place + times * period : place + (times + 1) * period]):
            times += 1
        if times > 1:
            return period, times
    return 1, 1


def _same(first: list[Link], second: list[Link]) -> bool:
    return len(first) == len(second) and all(
        one.site is other.site and one.nodes == other.nodes for one, other in zip(first, second, strict=True)
    )


def flat(nodes: list[Node]) -> list[Node]:
    """Return nodes with the sequences among them as their members."""
    return [
        each
        for node in nodes
        for each in (node.children if isinstance(node, Composite) and node.kind == "sequence" else (node,))
    ]
