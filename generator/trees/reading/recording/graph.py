"""What flows through a network that is being read, and how its paths are nested.

Every value knows its *fork*: the last value that all ways to it pass through, itself aside. Where paths join,
each of them is a chain from that fork on; so a network is nested as a tree if every value is used in the
chains that the tree has a place for, and in no other.

This module does *not* know any module or any Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from generator.trees.nodes import Composite, Join, Module, Node, Repeat, Sequence, sequence
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.recording.lifting import lifted
from generator.trees.specs import Shape

MAX_LINKS = 50_000
"""Values that are passed while one network is nested, each as often as it is passed; our choice."""

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


@dataclass(frozen=True)
class Part:
    """What leads from one value to another.

    Attributes:
        nodes: As nodes of a tree.
        weights: The modules with weights in it, each as often as it is used.
        size: How many nodes it has in all, those of repeats counted each time.
    """

    nodes: Sequence
    weights: tuple[object, ...]
    size: int


@dataclass(eq=False)
class Applied(Value):
    """What nodes of a tree make of `fork`.

    Attributes:
        part: The nodes.
        owner: The module of the program that was called.
    """

    part: Part = Part((), (), 0)
    owner: object = None


@dataclass(eq=False)
class Entered(Value):
    """The same as `fork`, as the input of a module of the program."""


@dataclass(eq=False)
class Joined(Value):
    """A sum, or a concatenation of channels."""

    way: Join = "add"
    parts: tuple[Value, ...] = ()


@dataclass(eq=False)
class Gated(Value):
    """`fork`, times what was made of it."""

    gate: Value | None = None


@dataclass
class Link:
    """One member of a chain: nodes, with what is told of them in `Applied`, and how many they are in all."""

    nodes: Sequence
    site: object
    owner: object
    entering: Shape
    leaving: Shape
    weights: tuple[object, ...]
    size: int


class Nesting:
    """Nests the paths of one network; it counts the values that it passes."""

    def __init__(self) -> None:
        self._passed = 0

    def _pass(self, count: int) -> None:
        self._passed += count
        if self._passed > MAX_LINKS:
            raise NotATreeError("bounds", "too many paths")

    def meeting(self, values: Iterable[Value]) -> Value:
        """Return the last value that all ways to others pass through, which may be one of them."""
        first, *others = values
        for other in others:
            second = other
            while first is not second:
                self._pass(1)
                if first.depth < second.depth:
                    first, second = second, first
                if first.fork is None:
                    raise NotATreeError("joined", "two inputs join")
                first = first.fork
        return first

    def chain(self, last: Value, first: Value) -> list[Link]:
        """Return what leads from one value to another, link by link.

        Raises:
            NotATreeError: Paths join otherwise than in a tree, or there are too many.
        """
        links: list[Link] = []
        value = last
        while value is not first:
            if value.fork is None:
                raise NotATreeError("joined", "a module works on more than its input")
            self._pass(1)
            if not isinstance(value, Entered):
                links.append(self._link(value, value.fork))
                self._pass(links[-1].size)
            value = value.fork
        return links[::-1]

    def part(self, last: Value, first: Value) -> Part:
        """Return what leads from one value to another."""
        links = self.chain(last, first)
        weights = tuple(weight for link in links for weight in link.weights)
        return Part(lifted(flat(repeats(links))), weights, sum(link.size for link in links))

    def _link(self, value: Value, fork: Value) -> Link:
        if isinstance(value, Applied):
            made, owner = value.part, value.owner
        else:
            made, owner = self._join(value, fork), None
        return Link(made.nodes, value.site, owner, fork.shape, value.shape, made.weights, made.size)

    def _join(self, value: Value, fork: Value) -> Part:
        """Return a place where paths join as one node."""
        if isinstance(value, Joined):
            ways = [self.part(part, fork) for part in self._terms(value)]
            nodes = tuple(map(_one, ways))
            joined = Composite("branches", nodes, value.way)
            if value.way == "add" and len(nodes) == 2:
                kept = tuple(node for node in nodes if node != IDENTITY)
                joined = Composite("residual", kept or (IDENTITY,))
        elif isinstance(value, Gated) and value.gate is not None:
            ways = [self.part(value.gate, fork)]
            joined = Composite("gate", (_one(ways[0]),))
        else:
            raise NotATreeError("joined", "a value that nothing made")
        weights = tuple(weight for way in ways for weight in way.weights)
        return Part((joined,), weights, 1 + sum(way.size for way in ways))

    def _terms(self, value: Joined) -> list[Value]:
        """Return what is joined; of a sum of sums from one fork on, all that they sum up."""
        terms: list[Value] = []
        for part in value.parts:
            self._pass(1)
            if isinstance(part, Joined) and part.way == value.way == "add" and part.fork is value.fork:
                terms += self._terms(part)
            else:
                terms.append(part)
        return terms


def _one(part: Part) -> Node:
    return sequence(part.nodes) if part.nodes else IDENTITY


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
