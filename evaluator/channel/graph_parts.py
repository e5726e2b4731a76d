"""A graph on the result channel: cut into messages that fit into frames, and put together again, bounded.

The sender is a program's process, so what is put together is a claim, held to the letter of `NetworkGraph`.

This module does *not* record graphs, and does not import torch: the supervisor uses it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from corpus.records.graphs import MAX_GRAPH_NODES, GraphNode, NetworkGraph
from evaluator.channel.framing import FRAME_LIMIT
from evaluator.channel.messages import GraphPart

_ENVELOPE_BYTES = 64


class NotAGraph(ValueError):
    """Nodes that make no graph, or more than a graph may have."""


def graph_parts(graph: NetworkGraph) -> Iterator[GraphPart]:
    """Yield the messages that a graph is sent in, the last one marked."""
    nodes: list[GraphNode] = []
    room = FRAME_LIMIT - _ENVELOPE_BYTES
    for node in graph.nodes:
        size = len(node.model_dump_json().encode()) + 1
        if size > room:
            yield GraphPart(nodes=tuple(nodes), last=False)
            nodes, room = [], FRAME_LIMIT - _ENVELOPE_BYTES
        nodes.append(node)
        room -= size
    yield GraphPart(nodes=tuple(nodes), last=True)


class GraphAssembly:
    """Puts a graph together from its messages.

    Attributes:
        graph: The graph, None until its last message.
    """

    def __init__(self) -> None:
        self.graph: NetworkGraph | None = None
        self._nodes: list[GraphNode] = []

    def add(self, part: GraphPart) -> None:
        """Take in the next message.

        Raises:
            NotAGraph: There is one graph already, it becomes too large, or it is none.
        """
        self._nodes += part.nodes
        if self.graph is not None or not part.nodes or len(self._nodes) > MAX_GRAPH_NODES:
            raise NotAGraph("nodes that belong to no graph")
        if part.last:
            try:
                self.graph = NetworkGraph(nodes=tuple(self._nodes))
            except ValidationError as error:
                raise NotAGraph(error.errors()[0]["msg"]) from None
