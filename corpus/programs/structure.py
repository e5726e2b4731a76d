"""When two networks are the same: two hashes of a recorded graph, and the graph as layers for drawing.

`structure_of` hashes a `NetworkGraph` by Weisfeiler-Lehman refinement: every node's colour takes in all that
it is computed from, then all that is computed from it, until no two nodes can be told apart any more that
could not be before. The multiset of colours is the hash, so the order of nodes has no part in it, nor has the
order of what a commutative operator takes. Sharing has: `y + y` with `y = f(x)` has one node fewer than
`f(x) + g(x)`, and a parameter that serves two layers two consumers. Equal networks always get equal hashes;
two different ones could get the same only if refinement cannot tell them apart, as with certain symmetric
graphs of many nodes without any distinguishing input, which networks are not.

Two granularities, as in the text's tokens with and without numbers:

- `exact`: operators, their attributes, all shapes, data flow;
- `topology`: operators and data flow alone, so that another width or kernel is no difference.

Same means: same function of input and parameters at evaluation. Optimiser, loss, initial values, dropout and
momentum are the training's, and leave no trace. This module does *not* import torch or record anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from corpus.records.graphs import GraphNode, NetworkGraph

STRUCTURE_VERSION = 1
"""Raised with every change, here or in the recording, that gives a network another hash."""

COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum", "logical_and", "logical_or", "eq", "ne"})
"""Operators whose inputs may change places."""

_ROUNDS = 8
_HASH_BYTES = 8
_LEFT_OUT = bytes(_HASH_BYTES)


class Structure(NamedTuple):
    """The two hashes of a network, 16 hex digits each.

    Attributes:
        exact: Equal for equal networks.
        topology: Equal for networks that differ at most in numbers: widths, kernels, strides, factors.
    """

    exact: str
    topology: str


def structure_of(graph: NetworkGraph) -> Structure:
    """Return the hashes of a graph; its size is bounded, and so is the time: about a millisecond."""
    exact = [f"{node.op} {node.attributes} {node.shape}".encode() for node in graph.nodes]
    topology = [node.op.encode() for node in graph.nodes]
    ordered = [not _commutes(node) for node in graph.nodes]
    return Structure(_hash(graph, exact, ordered), _hash(graph, topology, ordered))


def _commutes(node: GraphNode) -> bool:
    return node.op in COMMUTATIVE and "alpha=" not in node.attributes


def _hash(graph: NetworkGraph, labels: Sequence[bytes], ordered: Sequence[bool]) -> str:
    """Refine `labels` along the edges, both ways, until the number of colours stays; hash what is there."""
    colours, told_apart = [_digest(label) for label in labels], 0
    users: list[list[tuple[int, bytes]]] = [[] for _ in graph.nodes]
    for index, node in enumerate(graph.nodes):
        for place, source in enumerate(node.inputs):
            if source >= 0:
                users[source].append((index, (place if ordered[index] else 0).to_bytes(2, "big")))
    for _ in range(_ROUNDS):
        for index, node in enumerate(graph.nodes):
            taken = [colours[source] if source >= 0 else _LEFT_OUT for source in node.inputs]
            colours[index] = _digest(colours[index], *(taken if ordered[index] else sorted(taken)))
        for index in reversed(range(len(graph.nodes))):
            given = sorted(place + colours[user] for user, place in users[index])
            colours[index] = _digest(colours[index], *given)
        if len(set(colours)) == told_apart:
            break
        told_apart = len(set(colours))
    return _digest(STRUCTURE_VERSION.to_bytes(2, "big"), *sorted(colours)).hex()


def _digest(*parts: bytes) -> bytes:
    """Hash parts of known lengths (or one of any), so that no two lists of parts look alike."""
    return blake2b(b"".join(parts), digest_size=_HASH_BYTES).digest()
