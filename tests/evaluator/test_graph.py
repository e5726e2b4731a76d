"""The recorded graph: what a network computes, however it is written, within bounds, as a claim."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from corpus.programs.structure import structure_of
from corpus.records.evaluations import Stage
from corpus.records.graphs import MAX_GRAPH_NODES, GraphNode, NetworkGraph
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.framing import FRAME_LIMIT, Frame, Kind
from evaluator.channel.graph_parts import GraphAssembly, NotAGraph, graph_parts
from evaluator.channel.messages import GraphPart
from evaluator.child.graph import GraphRecorder
from evaluator.supervisor.conversation import Conversation, ProtocolBreach
from generator.grammar import sample_program
from tests.evaluator.rewritten import renamed, reordered
from tests.evaluator.test_conversation import BUILT, TO_LEARN, exam, json_frame, talk_through
from tests.evaluator_programs import candidate, program

SHAPE = TaskShape(channels=1, height=12, width=12, classes=10)
IMAGES = torch.linspace(-1, 1, 2 * 144).view(2, 1, 12, 12)  # (B, C, H, W)


class Written(nn.Module):
    """A network of the layers `parts`, by name, whose forward pass is `write`."""

    def __init__(self, write: Callable[[Written, Tensor], Tensor], **parts: nn.Module) -> None:
        super().__init__()
        self.write = write
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(self, x)


def record(net: nn.Module, images: Tensor = IMAGES) -> NetworkGraph | None:
    recorder = GraphRecorder()
    with torch.no_grad():
        recorder(net.eval(), images)
    return recorder.graph


def structure(net: nn.Module, images: Tensor = IMAGES) -> str:
    graph = record(net, images)
    assert graph is not None
    return structure_of(graph).exact


def network(source: str) -> nn.Module:
    """Build the network of a program of ours."""
    names: dict[str, type[nn.Module]] = {}
    exec(source, names)
    prm = {"lr": 0.01, "momentum": 0.9, "dropout": 0.2}
    return names["Net"]((16, 1, 12, 12), (10,), prm, torch.device("cpu"))


def conv(inputs: int = 1, outputs: int = 8, kernel: int = 3, **options: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, **options)


def tail(x: Tensor) -> Tensor:
    return x.mean((2, 3))


@pytest.mark.parametrize("rewrite", [renamed, reordered])
def test_a_program_written_differently_has_the_same_structure(rewrite: Callable[[str], str]) -> None:
    changed = 0
    for seed in range(25):
        source = sample_program(random.Random(seed), SHAPE).source
        other = rewrite(source)
        changed += other.split() != source.split()
        assert structure(network(other)) == structure(network(source)), source
    assert changed > 15


SPELLINGS: dict[str, list[nn.Module]] = {
    "sequential or explicit": [
        Written(lambda s, x: tail(s.body(x)), body=nn.Sequential(conv(), nn.BatchNorm2d(8), nn.ReLU())),
        Written(lambda s, x: tail(F.relu(s.n(s.c(x)))), n=nn.BatchNorm2d(8), c=conv()),
    ],
    "functional, method, module, in place": [
        Written(lambda s, x: tail(nn.ReLU()(s.c(x))), c=conv()),
        Written(lambda s, x: tail(F.relu(s.c(x), inplace=True)), c=conv()),
        Written(lambda s, x: tail(torch.relu(s.c(x))), c=conv()),
        Written(lambda s, x: tail(s.c(x).relu_()), c=conv()),
        Written(lambda s, x: (y := s.c(x), y.detach().relu_()) and tail(y), c=conv()),
    ],
    "nothing is done": [
        Written(lambda s, x: tail(s.c(x)), c=conv()),
        Written(lambda s, x: tail(s.i(s.d(s.c(x)))), c=conv(), d=nn.Dropout(0.5), i=nn.Identity()),
        Written(lambda s, x: tail(s.c(x.contiguous()).clone().detach().float()), c=conv()),
        Written(lambda s, x: tail(s.c(x)[:, :]), c=conv()),
    ],
    "reshapes of one shape": [
        Written(lambda s, x: s.c(x).flatten(1), c=conv()),
        Written(lambda s, x: s.c(x).view(x.size(0), -1), c=conv()),
        Written(lambda s, x: s.c(x).reshape(len(x), 8, 144).flatten(1), c=conv()),
        Written(lambda s, x: torch.flatten(s.c(x), start_dim=1), c=conv()),
    ],
    "permutations": [
        Written(lambda s, x: s.c(x).flatten(2).transpose(1, 2), c=conv()),
        Written(lambda s, x: s.c(x).flatten(2).permute(0, 2, 1), c=conv()),
        Written(lambda s, x: s.c(x).flatten(2).transpose(-2, -1), c=conv()),
    ],
    "order of a sum": [
        Written(lambda s, x: tail(s.a(x) + s.b(x)), a=conv(kernel=3), b=conv(kernel=5)),
        Written(lambda s, x: tail(s.b(x) + s.a(x)), a=conv(kernel=3), b=conv(kernel=5)),
        Written(lambda s, x: tail(s.b(x).add_(s.a(x))), a=conv(kernel=3), b=conv(kernel=5)),
    ],
    "values by default": [
        Written(lambda s, x: tail(F.max_pool2d(s.c(x), 2)), c=conv()),
        Written(lambda s, x: tail(nn.MaxPool2d((2, 2), stride=2, padding=0)(s.c(x))), c=conv(groups=1)),
    ],
    "dead branches": [
        Written(lambda s, x: tail(s.c(x)), c=conv()),
        Written(lambda s, x: (s.d(x), tail(s.c(x)))[1], c=conv(), d=conv()),
    ],
    "loops": [
        Written(lambda s, x: tail(s.a(s.b(x))), b=conv(), a=conv(8)),
        Written(
            lambda s, x: [x := layer(x) for layer in s.layers] and tail(x),
            layers=nn.ModuleList([conv(), conv(8)]),
        ),
    ],
}


@pytest.mark.parametrize("what", SPELLINGS)
def test_spelling_leaves_no_trace(what: str) -> None:
    assert len({structure(net) for net in SPELLINGS[what]}) == 1


def test_the_number_of_images_leaves_no_trace() -> None:
    net = network(sample_program(random.Random(3), SHAPE).source)
    assert structure(net) == structure(net, torch.zeros(5, 1, 12, 12))


BASE = Written(lambda s, x: tail(F.relu(s.b(F.relu(s.a(x)))) + s.a(x)), a=conv(), b=conv(8))
CHANGES: dict[str, nn.Module] = {
    "width": Written(BASE.write, a=conv(1, 12), b=conv(12, 12)),
    "kernel": Written(BASE.write, a=conv(), b=conv(8, kernel=5)),
    "groups": Written(BASE.write, a=conv(), b=conv(8, groups=4)),
    "bias": Written(BASE.write, a=conv(), b=conv(8, bias=False)),
    "activation": Written(lambda s, x: tail(F.gelu(s.b(F.relu(s.a(x)))) + s.a(x)), a=conv(), b=conv(8)),
    "order": Written(lambda s, x: tail(s.b(F.relu(F.relu(s.a(x)))) + s.a(x)), a=conv(), b=conv(8)),
    "no skip": Written(lambda s, x: tail(F.relu(s.b(F.relu(s.a(x))))), a=conv(), b=conv(8)),
    "another skip": Written(
        lambda s, x: tail(F.relu(s.b(F.relu(s.a(x)))) + s.a(x).relu()), a=conv(), b=conv(8)
    ),
    "product": Written(lambda s, x: tail(F.relu(s.b(F.relu(s.a(x)))) * s.a(x)), a=conv(), b=conv(8)),
    "factor": Written(lambda s, x: tail(F.relu(s.b(F.relu(s.a(x)))) + s.a(x)) * 2, a=conv(), b=conv(8)),
    "no sharing": Written(
        lambda s, x: tail(F.relu(s.b(F.relu(s.a(x)))) + s.c(x)), a=conv(), b=conv(8), c=conv()
    ),
    "not trained": Written(BASE.write, a=conv().requires_grad_(False), b=conv(8)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_another_network_has_another_structure(what: str) -> None:
    assert structure(CHANGES[what]) != structure(BASE)


@pytest.mark.parametrize("what", ["width", "kernel"])
def test_only_numbers_apart_means_one_topology(what: str) -> None:
    graphs = [record(BASE), record(CHANGES[what])]
    assert len({structure_of(graph).topology for graph in graphs if graph}) == 1


def test_one_layer_used_twice_is_not_two_layers() -> None:
    tied = Written(lambda s, x: s.a(s.a(x)), a=conv(1, 1))
    free = Written(lambda s, x: s.b(s.a(x)), a=conv(1, 1), b=conv(1, 1))
    assert structure(tied) != structure(free)


def test_writing_into_a_part_changes_the_whole() -> None:
    def overwriting(net: Written, x: Tensor) -> Tensor:
        y = net.c(x)
        y[:, :4] *= 0.5
        return tail(y)

    net = Written(overwriting, c=conv())
    assert structure(net) != structure(Written(lambda s, x: tail(s.c(x)), c=conv()))
    assert "overwrite" in {node.op for node in record(net).nodes}  # type: ignore[union-attr]


def test_parameters_of_lazy_layers_are_parameters() -> None:
    lazy = Written(lambda s, x: s.h(s.c(x).flatten(1)), c=conv(), h=nn.LazyLinear(10))
    plain = Written(lambda s, x: s.h(s.c(x).flatten(1)), c=conv(), h=nn.Linear(8 * 144, 10))
    assert structure(lazy) == structure(plain)


def test_recording_changes_neither_scores_nor_randomness() -> None:
    net = Written(lambda s, x: tail(F.dropout(s.c(x), 0.5)), c=conv()).eval()
    with torch.no_grad():
        torch.manual_seed(3)
        expected, after = net(IMAGES), torch.rand(1)
        torch.manual_seed(3)
        found = GraphRecorder()(net, IMAGES)
        assert torch.equal(found, expected) and torch.equal(torch.rand(1), after)


def test_a_program_that_fails_fails_as_it_does_unrecorded() -> None:
    recorder = GraphRecorder()
    with pytest.raises(RuntimeError, match="channels"):
        recorder(Written(lambda s, x: s.c(x), c=conv(3)), IMAGES)
    assert recorder.graph is None


@pytest.mark.parametrize("turns, known", [(200, True), (MAX_GRAPH_NODES + 1, False), (5_000, False)])
def test_a_network_too_large_to_be_recorded_runs_all_the_same(turns: int, known: bool) -> None:
    def long(net: Written, x: Tensor) -> Tensor:
        for _ in range(turns):
            x = x + 1
        return net.c(x)

    recorder = GraphRecorder()
    with torch.no_grad():
        assert recorder(Written(long, c=conv()), IMAGES).shape == (2, 8, 12, 12)
    assert (recorder.graph is not None) == known


def chain(length: int) -> NetworkGraph:
    first = GraphNode(op="input", shape=(-1, 1, 12, 12))
    return NetworkGraph(nodes=(first, *(GraphNode(op="relu", inputs=(i,)) for i in range(length - 1))))


@pytest.mark.parametrize("length", [1, 2, 100, MAX_GRAPH_NODES])
def test_a_graph_arrives_as_it_was_sent_in_frames_of_the_right_size(length: int) -> None:
    assembly = GraphAssembly()
    for part in graph_parts(chain(length)):
        text = part.model_dump_json()
        assert len(text) <= FRAME_LIMIT
        assembly.add(GraphPart.model_validate_json(text))
    assert assembly.graph == chain(length)


def test_the_largest_node_fits_into_a_frame() -> None:
    node = GraphNode(op="a" * 64, attributes='"' * 200, inputs=(-1,) * 256, shape=(2**52,) * 16)
    parts = list(graph_parts(NetworkGraph(nodes=(node,))))
    assert max(len(part.model_dump_json()) for part in parts) <= FRAME_LIMIT
    assert [part.last for part in parts][-1]


NODE = '{"op": "input", "attributes": "", "inputs": [], "shape": []}'


def part(nodes: str, last: bool = True) -> Frame:
    return json_frame(f'{{"event": "graph", "nodes": [{nodes}], "last": {str(last).lower()}}}')


def test_a_conversation_keeps_the_graph_that_it_was_told() -> None:
    talk, _ = talk_through([*TO_LEARN, part(NODE)])
    assert talk.graph == NetworkGraph(nodes=(GraphNode(op="input"),))


HOSTILE = {
    "before the network": ([*TO_LEARN[:-1], part(NODE)]),
    "two graphs": ([*TO_LEARN, part(NODE), part(NODE)]),
    "no nodes": ([*TO_LEARN, part("")]),
    "a cycle": ([*TO_LEARN, part('{"op": "relu", "inputs": [0]}')]),
    "a node ahead": ([*TO_LEARN, part('{"op": "relu", "inputs": [1]}, {"op": "relu", "inputs": [0]}')]),
    "a dead node": ([*TO_LEARN, part(f"{NODE}, {NODE}")]),
    "far too long": ([*TO_LEARN, *[part(",".join([NODE] * 60), last=False)] * 20]),
    "a terminal's commands": ([*TO_LEARN, part('{"op": "relu", "attributes": "\\u001b[2J"}')]),
    "another alphabet": ([*TO_LEARN, part('{"op": "Relu<script>"}')]),
    "a huge shape": ([*TO_LEARN, part('{"op": "relu", "shape": [1e300]}')]),
    "another field": ([*TO_LEARN, part('{"op": "relu", "hash": "0"}')]),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_graph_that_is_none_is_a_breach(what: str) -> None:
    talk = Conversation("source", exam())
    with pytest.raises(ProtocolBreach):
        for frame in HOSTILE[what]:
            assert frame.kind is Kind.JSON and len(frame.payload) <= FRAME_LIMIT
            talk.receive(frame)
    assert talk.stage is Stage.FORWARD and (BUILT in HOSTILE[what] or talk.built is None)


def test_an_assembly_refuses_more_nodes_than_a_graph_may_have() -> None:
    assembly = GraphAssembly()
    nodes = tuple(GraphNode(op="input") for _ in range(MAX_GRAPH_NODES))
    assembly.add(GraphPart(nodes=nodes, last=False))
    with pytest.raises(NotAGraph):
        assembly.add(GraphPart(nodes=nodes[:1], last=False))


@pytest.mark.slow
def test_an_evaluation_brings_the_network_of_the_program_out_of_the_sandbox() -> None:
    from evaluator.config import EvaluatorConfig
    from evaluator.supervisor.sandbox import SandboxedEvaluator

    source = program()
    with SandboxedEvaluator(EvaluatorConfig(workers=1)) as evaluator:
        (evaluation,) = evaluator.evaluate([candidate(source)])
    assert evaluation.graph is not None and evaluation.valid
    assert evaluation.graph == record(network(source))
    assert "graph" not in evaluation.model_dump()
