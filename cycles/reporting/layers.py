"""A recorded network as layers for drawing: its operators as boxes, their parameters folded in.

This module does *not* draw, and does not compare networks (`corpus.programs.structure` does).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    weights = _weights(graph, flows)
    owned = {index: weights[index] for index in range(len(graph.nodes)) if _is_layer(index, flows)}
    used = shared = 0
    for each in owned.values():
        shared |= used & each.trained
        used |= each.trained
    sizes = [prod(node.shape) if node.op == "parameter" else 0 for node in graph.nodes]
    found = []
    for index, each in owned.items():
        node = graph.nodes[index]
        found.append(
            Layer(
                node=index,
                op=node.op,
                label=_label(node, None if each.first is None else graph.nodes[each.first].shape),
                shape="x".join(str(size) for size in node.shape if size != BATCH),
                parameters=sum(sizes[weight] for weight in _members(each.trained)),
                inputs=tuple(source for source in node.inputs if source in owned),
                shares=bool(each.trained & shared),
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


class _Weights(NamedTuple):
    """What a node is computed from beside the network's input.

    Attributes:
        trained: Its trained tensors, a bit for each, so that sets are joined at once.
        first: The first of them, in the order of what its operator takes.
    """

    trained: int = 0
    first: int | None = None


def _weights(graph: NetworkGraph, flows: Sequence[bool]) -> list[_Weights]:
    found: list[_Weights] = []
    for index, node in enumerate(graph.nodes):
        sources = [found[source] for source in node.inputs if source >= 0 and not flows[source]]
        trained = 0
        for each in sources:
            trained |= each.trained
        first = next((each.first for each in sources if each.first is not None), None)
        found.append(_Weights(1 << index, index) if node.op == "parameter" else _Weights(trained, first))
    return found


def _members(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _label(node: GraphNode, weight: tuple[int, ...] | None) -> str:
    """Return the operator's usual name with the attributes that say most, and its first weight's size."""
    attributes = dict(pair.split("=", 1) for pair in node.attributes.split(" ") if "=" in pair)
    name = _NAMES.get(node.op, node.op)
    if node.op == "convolution" and weight is not None:
        name += " " + "x".join(map(str, weight[2:]))
    elif "kernel_size" in attributes:
        name += " " + attributes["kernel_size"].replace(",", "x")
    said = [
        f"{key} {'x'.join(dict.fromkeys(attributes[key].split(',')))}"
        for key in ("stride", "groups", "dilation")
        if set(attributes.get(key, "1").split(",")) != {"1"}
    ]
    return ", ".join([name, *said])
