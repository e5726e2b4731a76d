"""What is read from a harness's graph, honest or forged."""

from __future__ import annotations

import random
import time

import pytest

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.graphs import BATCH, GraphNode, NetworkGraph
from corpus.records.modules.probed import ChannelRelation
from corpus.records.search.probes import Probe
from generator.modules.findings import IDLE, module_probe, parameters_by
from generator.modules.harness import MARK, Row
from tests.generator.modules.mined import RELU

MAIN = Row(0, 0, 32, 32, 16, 16, 32, 16, 16, 0)
SIDES = ((15, 15), (16, 9), (8, 8), (4, 4), (2, 2), (1, 1))


def graph(rows: list[tuple[int, ...]], inner: tuple[str, ...] = ()) -> NetworkGraph:
    """Return the graph of a harness around a chain of operators, with rows."""
    nodes = [
        GraphNode(op="input", shape=(BATCH, 1, 8, 8)),
        GraphNode(op="mean", inputs=(0,), shape=(BATCH,)),
        GraphNode(op="view", inputs=(1,), shape=(BATCH, 1, 1, 1)),
        GraphNode(op="constant", shape=(1, 32, 16, 16)),
        GraphNode(op="add", inputs=(2, 3), shape=(BATCH, 32, 16, 16)),
    ]
    for op in inner:
        nodes.append(GraphNode(op=op, inputs=(len(nodes) - 1,), shape=(BATCH, 32, 16, 16)))
    nodes.append(GraphNode(op="view", inputs=(len(nodes) - 1,), shape=(BATCH, 8192)))
    for row in rows:
        last = len(nodes) - 1
        nodes.append(GraphNode(op="constant", shape=(0, MARK, *row)))
        nodes.append(GraphNode(op="sum", inputs=(last + 1,)))
        nodes.append(GraphNode(op="add", inputs=(last, last + 2), shape=(BATCH, 8192)))
    return NetworkGraph(nodes=tuple(nodes))


def passed(found: NetworkGraph | None) -> Probe:
    return Probe(failure=None, stage=Stage.DONE, parameters=1, output_shape=(8192,), graph=found)


def sides(stride: int = 1) -> list[tuple[int, ...]]:
    return [
        MAIN._replace(height=h, width=w, out_height=-(-h // stride), out_width=-(-w // stride))
        for h, w in ((16, 16), *SIDES)
    ]


def test_rows_are_read_and_leave_no_trace_in_the_structure() -> None:
    pair = MAIN._replace(entering=7, asked=7, channels=7)
    found = module_probe(RELU, [{}], passed(graph([*sides(), pair], ("relu",))))
    assert found.usable and (found.channels, found.stride, found.parameters) == (ChannelRelation.SAME, 1, 0)
    fewer = module_probe(RELU, [{}], passed(graph([MAIN], ("relu",))))
    assert found.structure == fewer.structure != IDLE
    assert module_probe(RELU, [{}], passed(graph([MAIN]))).structure == IDLE


def test_the_first_side_that_fails_ends_what_is_known() -> None:
    rows = sides(2)
    del rows[5]  # 2x2
    found = module_probe(RELU, [{}], passed(graph(rows)))
    assert (found.stride, found.smallest_side) == (2, 4)


def test_a_formula_is_true_of_every_count_or_there_is_none() -> None:
    def counted(count: int, i: int) -> Row:
        return MAIN._replace(layout=4, entering=i, asked=i, height=1, width=1, parameters=count)

    rows = [MAIN._replace(parameters=32 * 32 // 4 + 32)]
    rows += [counted(i * i // 4 + i, i) for i in (4, 8, 12, 20, 16, 24, 28)]
    found = module_probe(RELU, [{}], passed(graph([*rows])))
    assert found.formula is not None and parameters_by(found.formula, 40, 40) == 440
    rows[-1] = rows[-1]._replace(parameters=1)
    assert module_probe(RELU, [{}], passed(graph([*rows]))).formula is None


@pytest.mark.parametrize(
    "found",
    [
        None,
        NetworkGraph(nodes=(GraphNode(op="input"),)),
        graph([]),
        graph([(9, 9, 9)]),
        graph([(0, 0, 0, 32, 16, 16, 32, 16, 16, 0)]),
        graph([(0, 99, 32, 32, 16, 16, 32, 16, 16, 0)]),
    ],
)
def test_without_a_sound_row_there_is_a_reason(found: NetworkGraph | None) -> None:
    assert module_probe(RELU, [{}], passed(found)).failure is not None


def test_forged_rows_are_a_claim_that_is_read_soon_and_breaks_nothing() -> None:
    rng, started = random.Random(0), time.monotonic()
    for size in (3, 40, 330):
        for _ in range(4):
            rows = [tuple(rng.choice((0, 1, 4, 7, 32, 2**53 - 1)) for _ in Row._fields) for _ in range(size)]
            rows[0] = MAIN
            for node in (True, False):
                forged = graph([*rows], ("add", "sum") if node else ())
                module_probe(RELU, [{}, {"dim": 3}], passed(forged))
    assert time.monotonic() - started < 20


def test_a_failure_names_the_line_of_the_module_alone() -> None:
    text = "class ReLU:\n    pass\n"
    carried = RELU.model_copy(update={"module": None, "text": text})

    def of(line: int) -> str | None:
        failed = Probe(
            failure=EvaluationStatus.RUNTIME_ERROR,
            stage=Stage.INIT,
            error_type="TypeError",
            error=f"line {line}: it\nfails",
        )
        return module_probe(carried, [{}], failed).failure

    assert of(2) == "TypeError: line 2: it fails" and of(60) == "TypeError: it fails"
