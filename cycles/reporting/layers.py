"""A recorded network as layers for drawing: its operators as boxes, their parameters folded in.

This module does *not* draw, and does not compare networks (`corpus.programs.structure` does).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from corpus.records.graphs import BATCH, GraphNode, NetworkGraph

_NAMES = {"convolution": "conv", "addmm": "linear", "mm": "matmul", "bmm": "matmul", "view": "reshape"}
"""What people call an operator, where it is not what ATen calls it."""


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
