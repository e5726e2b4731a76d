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
- `skeleton`: operators and data flow alone, so that another width or kernel is no difference.

Same means: same function of input and parameters at evaluation. Optimiser, loss, initial values, dropout and
momentum are the training's, and leave no trace. This module does *not* import torch or record anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b
from math import prod
from typing import NamedTuple

from corpus.records import BATCH, GraphNode, NetworkGraph

STRUCTURE_VERSION = 1
"""Raised with every change, here or in the recording, that gives a network another hash."""

COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum", "logical_and", "logical_or", "eq", "ne"})
"""Operators whose inputs may change places."""

_ROUNDS = 8
_HASH_BYTES = 8
_LEFT_OUT = bytes(_HASH_BYTES)

_NAMES = {"convolution": "conv", "addmm": "linear", "mm": "matmul", "bmm": "matmul", "view": "reshape"}
"""What people call an operator, where it is not what ATen calls it."""


class Structure(NamedTuple):
    """The two hashes of a network, 16 hex digits each.

    Attributes:
        exact: Equal for equal networks.
        skeleton: Equal for networks that differ at most in numbers: widths, kernels, strides, factors.
    """

    exact: str
    skeleton: str


class Layer(NamedTuple):
    """One box of a drawn network: an operator that the input flows through, its parameters folded in.

    Attributes:
        node: Its node's place in the graph, which is its name in `inputs`.
        op: The operator, as in the graph.
        label: For people: `conv 3x3, stride 2`.
        shape: Its output's shape for people, batch aside: `8x12x12`, empty for a single number per image.
        parameters: Trained numbers that it uses.
        inputs: The layers that it takes, in order.
        shares: Whether another layer uses a parameter of it too.
    """

    node: int
    op: str
    label: str
    shape: str
    parameters: int
    inputs: tuple[int, ...]
    shares: bool


def structure_of(graph: NetworkGraph) -> Structure:
    """Return the hashes of a graph; its size is bounded, and so is the time: about a millisecond."""
    exact = [f"{node.op} {node.attributes} {node.shape}".encode() for node in graph.nodes]
    skeleton = [node.op.encode() for node in graph.nodes]
    ordered = [not _commutes(node) for node in graph.nodes]
    return Structure(_hash(graph, exact, ordered), _hash(graph, skeleton, ordered))


def layers(graph: NetworkGraph) -> list[Layer]:
    """Return the network's layers from input to output, the input itself first.

    What is computed from parameters and constants alone, such as a transposed weight, is part of the layer
    that takes it.
    """
    flows = _flows_from_input(graph)
    owned = {
        index: _weights(graph, index, flows) for index in range(len(graph.nodes)) if _is_layer(index, flows)
    }
    users: defaultdict[int, int] = defaultdict(int)
    for weights in owned.values():
        for weight in weights:
            users[weight] += 1
    found = []
    for index, weights in owned.items():
        node = graph.nodes[index]
        trained = [weight for weight in weights if graph.nodes[weight].op == "parameter"]
        found.append(
            Layer(
                node=index,
                op=node.op,
                label=_label(node, [graph.nodes[weight].shape for weight in trained]),
                shape="x".join(str(size) for size in node.shape if size != BATCH),
                parameters=sum(prod(graph.nodes[weight].shape) for weight in trained),
                inputs=tuple(source for source in node.inputs if source in owned),
                shares=any(users[weight] > 1 for weight in trained),
            )
        )
    return found


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


def _flows_from_input(graph: NetworkGraph) -> list[bool]:
    flows: list[bool] = []
    for node in graph.nodes:
        flows.append(node.op == "input" or any(flows[source] for source in node.inputs if source >= 0))
    return flows


def _is_layer(index: int, flows: Sequence[bool]) -> bool:
    return flows[index] or index == len(flows) - 1  # the output is drawn even if it ignores the input


def _weights(graph: NetworkGraph, index: int, flows: Sequence[bool]) -> list[int]:
    """Return the tensors that a layer starts from beside its input, each once, in order."""
    found: dict[int, None] = {}
    waiting = [source for source in reversed(graph.nodes[index].inputs) if source >= 0 and not flows[source]]
    seen = set(waiting)
    while waiting:
        current = waiting.pop()
        node = graph.nodes[current]
        if not node.inputs:
            found[current] = None
        new = [source for source in node.inputs if source >= 0 and source not in seen]
        seen.update(new)
        waiting += new
    return list(found)


def _label(node: GraphNode, weights: Sequence[tuple[int, ...]]) -> str:
    """Return the operator's usual name with the attributes that say most."""
    attributes = dict(pair.split("=", 1) for pair in node.attributes.split(" ") if "=" in pair)
    name = _NAMES.get(node.op, node.op)
    if node.op == "convolution" and weights:
        name += " " + "x".join(map(str, weights[0][2:]))
    elif "kernel_size" in attributes:
        name += " " + attributes["kernel_size"].replace(",", "x")
    said = [
        f"{key} {'x'.join(dict.fromkeys(attributes[key].split(',')))}"
        for key in ("stride", "groups", "dilation")
        if set(attributes.get(key, "1").split(",")) != {"1"}
    ]
    return ", ".join([name, *said])
