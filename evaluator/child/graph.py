"""Records the network that a forward pass computes: operators, what defines them, and how data flow.

Not the program is read but what it does: PyTorch shows a `TorchDispatchMode` every ATen operator of a real
forward pass, after Python's names, modules, loops and branches are gone. So one network written in different
ways gives one graph. What is left of spelling is normalised here: in-place operators, operators that do
nothing in evaluation mode, several names of one operator, values that are the default, the number of images.

It runs in the program's process, so a graph is a claim. It records the branch that was taken, and what leaves
torch (`.item()`, NumPy) is lost to it. It must not change a result: an error of its own ends the recording,
and a forward pass that fails while it is recorded is made again without. It does *not* hash or compare.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from corpus.records.graphs import BATCH, MAX_GRAPH_NODES, GraphNode, NetworkGraph
from evaluator.child.graph_operators import VIEWS, Call, attributes_text, constant_text

MAX_OPERATORS = 4 * MAX_GRAPH_NODES
"""Operators, whether they lead to the output or not, after which a recording is given up."""

_WITHOUT_SHAPE = nn.parameter.UninitializedTensorMixin


class GraphRecorder:
    """Calls networks, and keeps the graph of the last call.

    Attributes:
        graph: The graph, None if there is none: not every forward pass can be recorded.
    """

    def __init__(self) -> None:
        self.graph: NetworkGraph | None = None

    def __call__(self, net: nn.Module, images: Tensor) -> Any:
        """Return `net(images)`, whatever that is, for images `(B, C, H, W)`."""
        tape = _Tape(net, images)
        try:
            with tape:
                scores = net(images)
        except Exception:  # noqa: BLE001 - the program's failure is reported from a pass that nobody recorded
            return net(images)
        self.graph = tape.graph(scores)
        return scores


class _Node(NamedTuple):
    """A `GraphNode` in the making: most tensors that are noted lead nowhere."""

    op: str
    attributes: str
    inputs: tuple[int, ...]
    shape: tuple[int, ...]


class _Tape(TorchDispatchMode):
    """Notes a node for every operator, and which node every tensor comes from."""

    def __init__(self, net: nn.Module, images: Tensor) -> None:
        super().__init__()
        self._batch = len(images)
        self._nodes: list[_Node] = []
        self._flows: list[bool] = []  # for each node, whether the images flow into it
        self._node_of: dict[int, int] = {}  # by the id of a tensor, which `_kept` keeps from being used again
        self._kept: list[Tensor] = []
        self._sharing: dict[int, list[Tensor]] = {}  # by the address of their storage
        self._own = {id(each): "buffer" for each in net.buffers()}
        self._own |= {id(each): "parameter" if each.requires_grad else "buffer" for each in net.parameters()}
        self._broken = False
        self._bind(images, self._add("input", "", (), images, flows=True))

    def __torch_dispatch__(
        self, func: Any, _types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one operator, and note it."""
        result = func(*args, **(kwargs or {}))
        if not self._broken:
            try:
                self._note(Call(func, args, kwargs or {}), result)
            except Exception:  # noqa: BLE001 - whatever it is, the program must not notice
                self._broken = True
            self._broken |= len(self._nodes) > MAX_OPERATORS
            if self._broken:
                self._kept.clear()
                self._sharing.clear()
        return result

    def graph(self, scores: object) -> NetworkGraph | None:
        """Return what leads to `scores`, None if that is not known or is too large."""
        last = self._node_of.get(id(scores)) if isinstance(scores, Tensor) else None
        if self._broken or last is None:
            return None
        leading = {last}
        for index in range(last, -1, -1):
            if index in leading:
                leading.update(source for source in self._nodes[index].inputs if source >= 0)
        place = {old: new for new, old in enumerate(sorted(leading))} | {-1: -1}
        found = (self._nodes[index] for index in sorted(leading))
        nodes = [node._replace(inputs=tuple(place[source] for source in node.inputs)) for node in found]
        try:
            return NetworkGraph(nodes=tuple(GraphNode(**node._asdict()) for node in nodes))
        except ValueError:  # larger than a graph may be
            return None

    def _note(self, call: Call, result: Any) -> None:
        several = isinstance(result, list | tuple)
        outputs = [each for each in (result if several else [result]) if isinstance(each, Tensor)]
        if not outputs or any(isinstance(each, _WITHOUT_SHAPE) for each in (*outputs, *call.tensors)):
            return  # the latter belong to a lazy layer in the making
        inputs = tuple(-1 if each is None else self._source(each) for each in call.tensors)
        if call.writes:
            for written in outputs:
                node = self._operator(call, inputs, written)
                if node != self._node_of.get(id(written)):
                    self._write(written, node)
            return
        first = self._operator(call, inputs, outputs[0])
        self._bind(outputs[0], first)
        for place, output in enumerate(outputs[1:], start=1):
            further = self._add("output", f"index={place}", (first,), output, flows=self._flows[first])
            self._bind(output, further)

    def _operator(self, call: Call, inputs: tuple[int, ...], output: Tensor) -> int:
        """Return the node that `output` comes from: a new one, or that of its input where nothing is done."""
        taken = inputs[0] if inputs else -1
        if taken >= 0:
            shape = self._shape(output, flows=self._flows[taken])
            if call.idle and shape == self._nodes[taken].shape:
                return taken
            if call.name in VIEWS:
                while self._nodes[taken].op == "view":  # only the last of several views counts
                    taken = self._nodes[taken].inputs[0]
                if shape == self._nodes[taken].shape:
                    return taken
                inputs = (taken,)
        flows = any(self._flows[source] for source in inputs if source >= 0)
        op = "view" if call.name in VIEWS else call.name
        return self._add(op, attributes_text(call, output), inputs, output, flows=flows)

    def _write(self, tensor: Tensor, node: int) -> None:
        """Let `tensor` be what an in-place operator made of it, and likewise all that share its memory."""
        if id(tensor) in self._own:  # a lazy layer fills its parameters in its first pass: parameters still
            return
        for other in self._sharing.get(_storage(tensor), []):
            if id(other) in self._own or other is tensor:
                continue
            if _place(other) == _place(tensor):
                self._node_of[id(other)] = node
            else:
                before = self._node_of[id(other)]
                flows = self._flows[before] or self._flows[node]
                self._node_of[id(other)] = self._add("overwrite", "", (before, node), other, flows=flows)
        self._bind(tensor, node)

    def _source(self, tensor: Tensor) -> int:
        """Return the node of a tensor, a new one for a tensor that no operator made."""
        known = self._node_of.get(id(tensor))
        if known is None:
            op = self._own.get(id(tensor), "constant")
            text = "" if op == "parameter" else constant_text(tensor)
            known = self._add(op, text, (), tensor, flows=False)
            self._bind(tensor, known)
        return known

    def _bind(self, tensor: Tensor, node: int) -> None:
        if id(tensor) not in self._node_of:
            self._kept.append(tensor)
            self._sharing.setdefault(_storage(tensor), []).append(tensor)
        self._node_of[id(tensor)] = node

    def _add(self, op: str, attributes: str, inputs: tuple[int, ...], output: Tensor, *, flows: bool) -> int:
        shape = self._shape(output, flows=flows)
        self._nodes.append(_Node(op, attributes, inputs, shape))
        self._flows.append(flows)
        return len(self._nodes) - 1

    def _shape(self, tensor: Tensor, *, flows: bool) -> tuple[int, ...]:
        shape = tuple(tensor.shape)
        return (BATCH, *shape[1:]) if flows and shape[:1] == (self._batch,) else shape


def _place(tensor: Tensor) -> tuple[object, ...]:
    """Return which elements of its memory a tensor shows, and how."""
    return tensor.storage_offset(), tuple(tensor.shape), tensor.stride(), tensor.dtype


def _storage(tensor: Tensor) -> int:
    """Return where a tensor's memory begins; tensors without memory share none."""
    if tensor.layout != torch.strided:
        return id(tensor)
    return tensor.untyped_storage().data_ptr() or id(tensor)
