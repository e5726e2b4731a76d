"""When two graphs are the same network, and how a graph becomes layers."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from corpus.programs.structure import structure_of
from corpus.records.graphs import BATCH, MAX_GRAPH_NODES, GraphNode, NetworkGraph
from cycles.reporting.layers import Layer, layers

IMAGE = (BATCH, 1, 12, 12)
MAP = (BATCH, 8, 12, 12)


def node(op: str, *inputs: int, attributes: str = "", shape: tuple[int, ...] = MAP) -> GraphNode:
    return GraphNode(op=op, attributes=attributes, inputs=inputs, shape=shape)


def graph(*nodes: GraphNode) -> NetworkGraph:
    return NetworkGraph(nodes=nodes)


def conv(source: int, weight: int, attributes: str = "stride=1,1") -> GraphNode:
    return node("convolution", source, weight, -1, attributes=attributes)


WEIGHT = node("parameter", shape=(8, 1, 3, 3))
BRANCHES = graph(
    node("input", shape=IMAGE),  # 0
    WEIGHT,  # 1
    conv(0, 1),  # 2
    node("relu", 2),  # 3
    node("sigmoid", 2),  # 4
    node("mul", 3, 4),  # 5
)


def shuffled(known: NetworkGraph, rng: random.Random) -> NetworkGraph:
    """Return the graph with its nodes in another order in which none takes a later one."""
    waiting, order = list(range(len(known.nodes) - 1)), []
    while waiting:
        ready = [i for i in waiting if all(source < 0 or source in order for source in known.nodes[i].inputs)]
        order.append(rng.choice(ready))
        waiting.remove(order[-1])
    order.append(len(known.nodes) - 1)
    place = {old: new for new, old in enumerate(order)} | {-1: -1}
    nodes = [known.nodes[old] for old in order]
    return graph(
        *(each.model_copy(update={"inputs": tuple(place[i] for i in each.inputs)}) for each in nodes)
    )


def wide(twins: int) -> NetworkGraph:
    """Return a sum of equal branches, each with a weight of its own: nothing tells its nodes apart."""
    nodes = [node("input", shape=IMAGE)]
    for branch in range(twins):
        nodes += [WEIGHT, conv(0, 2 * branch + 1)]
    total = 2
    for branch in range(1, twins):
        nodes.append(node("add", total, 2 * branch + 2))
        total = len(nodes) - 1
    return graph(*nodes)


@pytest.mark.parametrize("known", [BRANCHES, wide(2), wide(7)])
def test_the_order_of_nodes_has_no_part_in_the_structure(known: NetworkGraph) -> None:
    orders = {shuffled(known, random.Random(seed)) for seed in range(30)}
    assert len(orders) > 1
    assert {structure_of(other) for other in orders} == {structure_of(known)}


def test_a_commutative_operator_takes_its_inputs_in_any_order() -> None:
    swapped = graph(*BRANCHES.nodes[:-1], node("mul", 4, 3))
    assert structure_of(swapped) == structure_of(BRANCHES)


@pytest.mark.parametrize("op, attributes", [("sub", ""), ("cat", "dim=1"), ("add", "alpha=2")])
def test_any_other_operator_does_not(op: str, attributes: str) -> None:
    ordered = [
        graph(*BRANCHES.nodes[:-1], node(op, *pair, attributes=attributes)) for pair in ((3, 4), (4, 3))
    ]
    assert structure_of(ordered[0]) != structure_of(ordered[1])


def with_node(place: int, changed: GraphNode) -> NetworkGraph:
    return graph(*BRANCHES.nodes[:place], changed, *BRANCHES.nodes[place + 1 :])


@pytest.mark.parametrize(
    "other, same_topology",
    [
        (with_node(1, node("parameter", shape=(8, 1, 5, 5))), True),
        (with_node(2, conv(0, 1, attributes="stride=2,2")), True),
        (with_node(2, node("convolution", 0, 1, attributes="stride=1,1")), False),
        (with_node(3, node("gelu", 2)), False),
        (with_node(4, node("sigmoid", 3)), False),
        (with_node(5, node("add", 3, 4)), False),
        (with_node(1, node("buffer", shape=(8, 1, 3, 3))), False),
    ],
)
def test_another_network_has_another_structure(other: NetworkGraph, same_topology: bool) -> None:
    assert structure_of(other).exact != structure_of(BRANCHES).exact
    assert (structure_of(other).topology == structure_of(BRANCHES).topology) == same_topology


def test_one_branch_taken_twice_is_not_two_branches() -> None:
    once = graph(node("input", shape=IMAGE), WEIGHT, conv(0, 1), node("add", 2, 2))
    assert structure_of(once) != structure_of(wide(2))


def tied(pairs: Sequence[int]) -> NetworkGraph:
    """Return four layers, one behind the other, that use two weights: which, `pairs` says."""
    square = node("parameter", shape=(8, 8, 3, 3))
    nodes = [node("input"), square, square]
    for layer, weight in enumerate(pairs):
        nodes.append(conv(0 if layer == 0 else layer + 2, weight))
    return graph(*nodes)


def test_which_layers_share_a_weight_is_part_of_the_structure() -> None:
    kinds = [tied(pairs) for pairs in ((1, 1, 2, 2), (1, 2, 1, 2), (1, 2, 2, 1))]
    assert len({structure_of(each) for each in kinds}) == 3
    assert structure_of(tied((2, 2, 1, 1))) == structure_of(tied((1, 1, 2, 2)))


def test_the_structure_is_the_same_in_every_process() -> None:
    assert structure_of(BRANCHES) == ("c506dbee0176da25", "8555659867851089")


def test_a_graph_of_the_largest_size_is_hashed_in_a_moment() -> None:
    deep = [node("input"), *(node("add", i, max(0, i - 1)) for i in range(MAX_GRAPH_NODES - 1))]
    assert structure_of(graph(*deep)) != structure_of(graph(*deep[:-1]))


@pytest.mark.parametrize(
    "nodes",
    [
        [],
        [node("relu", 0)],
        [node("input"), node("relu", 2), node("relu", 1)],
        [node("input"), node("input")],
        [node("input")] * (MAX_GRAPH_NODES + 1),
        [node("input"), *(node("cat", *[i] * 256) for i in range(40))],
    ],
)
def test_what_is_no_graph_is_refused(nodes: list[GraphNode]) -> None:
    with pytest.raises(ValidationError):
        graph(*nodes)


def test_layers_take_their_weights_in_and_name_their_inputs() -> None:
    linear = graph(
        node("input", shape=IMAGE),  # 0
        WEIGHT,
        node("parameter", shape=(8,)),
        node("convolution", 0, 1, 2, attributes="groups=4 padding=1,1 stride=2,1"),  # 3
        node("relu", 3),  # 4
        node("max_pool2d", 4, attributes="kernel_size=2,2 stride=2,2"),  # 5
        node("view", 5, shape=(BATCH, 72)),  # 6
        node("parameter", shape=(10, 72)),
        node("permute", 7, attributes="dims=1,0", shape=(72, 10)),
        node("parameter", shape=(10,)),
        node("addmm", 9, 6, 8, shape=(BATCH, 10)),  # 10
    )
    assert layers(linear) == [
        Layer(0, "input", "input", "1x12x12", 0, (), False),
        Layer(3, "convolution", "conv 3x3, stride 2x1, groups 4", "8x12x12", 80, (0,), False),
        Layer(4, "relu", "relu", "8x12x12", 0, (3,), False),
        Layer(5, "max_pool2d", "max_pool2d 2x2, stride 2", "8x12x12", 0, (4,), False),
        Layer(6, "view", "reshape", "72", 0, (5,), False),
        Layer(10, "addmm", "linear", "10", 730, (6,), False),
    ]


def test_layers_with_one_weight_say_that_they_share_it() -> None:
    found = layers(tied((1, 2, 1, 2)))
    assert [layer.shares for layer in found] == [False, True, True, True, True]
    assert [layer.inputs for layer in found] == [(), (0,), (3,), (4,), (5,)]
