"""The record of a network as a graph of operators. This module does *not* record or compare networks."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from corpus.records.base import Record

BATCH = -1
"""Stands in a shape for the number of images in a batch."""

MAX_GRAPH_NODES = 1024
MAX_GRAPH_EDGES = 8192

_Index = Annotated[int, Field(ge=-1, lt=MAX_GRAPH_NODES)]
_Dimension = Annotated[int, Field(ge=BATCH, lt=2**53)]


class GraphNode(Record):
    """One operator of a network, or one tensor that it starts from.

    Attributes:
        op: `input`, `parameter` (trained), `buffer` (of the network, not trained), `constant`, `output` (a
            further output of the operator that it takes), or the name of an operator of ATen without the
            marks of its variants: `convolution`, `relu`, `addmm`.
        attributes: What else defines the operator, as `name=value` pairs with a blank between.
        inputs: The nodes that it takes, in the order of the operator's arguments; -1 for one left out.
        shape: Shape of its (first) output.
    """

    op: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    attributes: Annotated[str, Field(max_length=200, pattern=r"^[!-~ ]*$")] = ""
    inputs: Annotated[tuple[_Index, ...], Field(max_length=256)] = ()
    shape: Annotated[tuple[_Dimension, ...], Field(max_length=16)] = ()


class NetworkGraph(Record):
    """The network that a program builds: what one forward pass in evaluation mode does to a batch of images.

    Nodes take only nodes before them, the last one is the network's output, and all others lead to it. Names,
    the order of independent statements, training and dropout leave no trace. `corpus.programs.structure` says
    when two graphs are the same.
    """

    nodes: Annotated[tuple[GraphNode, ...], Field(min_length=1, max_length=MAX_GRAPH_NODES)]

    @model_validator(mode="after")
    def _leads_to_its_last_node(self) -> Self:
        taken: set[int] = set()
        for index, node in enumerate(self.nodes):
            if max(node.inputs, default=-1) >= index:
                raise ValueError(f"node {index} takes a node that is not before it")
            taken.update(node.inputs)
        if len(taken - {-1}) != len(self.nodes) - 1:
            raise ValueError("a node does not lead to the output")
        if self.edge_count > MAX_GRAPH_EDGES:
            raise ValueError(f"more than {MAX_GRAPH_EDGES} edges")
        return self

    @property
    def edge_count(self) -> int:
        """Number of edges: of inputs that are not left out."""
        return sum(source >= 0 for node in self.nodes for source in node.inputs)
