"""Features say what is known of a program before its training is over, and nothing that comes later."""

from __future__ import annotations

from math import isnan

import pytest

from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.graphs import GraphNode, NetworkGraph
from cycles.predicting.features import Group, code_features, curve_features, features, graph_features
from cycles.predicting.model import Predictor
from tests.evaluator_programs import program
from tests.runs import network

LOSSES = tuple(2.3 - 0.1 * step for step in range(16))


def judged(accuracy: float, losses: tuple[float, ...] = LOSSES) -> Evaluation:
    return Evaluation(
        candidate_id="c000/0000", protocol_id="digits-v1/e1/b16/s0/p0", status=EvaluationStatus.COMPLETE,
        stage=Stage.DONE, accuracy=accuracy, losses=losses, parameters=1000, flops=10_000,
    )  # fmt: skip


def test_what_becomes_known_after_the_first_losses_is_in_no_feature() -> None:
    later = judged(0.1, (*LOSSES[:4], *[9.0] * 12))
    rows = [
        features(program(), Group, graph=network(8), evaluation=each, places=4, scores={"naswot": 1.0})
        for each in (judged(0.9), later)
    ]
    assert rows[0] == rows[1]
    assert {name.partition("/")[0] for name in rows[0]} == set(Group)


@pytest.mark.parametrize("group", Group)
def test_a_group_that_is_left_out_leaves_no_feature(group: Group) -> None:
    others = [each for each in Group if each is not group]
    row = features(program(), others, graph=network(8), evaluation=judged(0.5), scores={"naswot": 1.0})
    assert row and not any(name.startswith(f"{group}/") for name in row)


def test_code_is_counted_by_layers_and_families() -> None:
    row = code_features(program())
    assert row["code/name_Conv2d"] == 1 and row["code/name_Linear"] == 1 and row["code/name_SGD"] == 1
    assert row["code/family_plain"] == 1 and row["code/family_attention"] == 0
    assert row["code/largest_number"] == 16


def test_a_text_that_is_no_program_has_features_too() -> None:
    assert code_features("def (")["code/tokens"] > 0


def test_numbers_that_are_none_of_a_networks_are_missing_or_not_read() -> None:
    assert isnan(code_features(f"width = {'9' * 400}")["code/largest_number"])
    row = curve_features((float("inf"), float("nan"), *LOSSES[2:]), 3)
    assert isnan(row["curve/loss_0"]) and isnan(row["curve/loss_1"]) and row["curve/loss_2"] == LOSSES[2]
    assert Predictor().fit([row] * 20, [0.5] * 20).predict([row]) == [0.5]


def test_a_graph_is_described_by_its_operators_depth_and_widths() -> None:
    row = graph_features(network(8), 1000, 10_000)
    assert row["graph/op_relu"] == 1 and row["graph/depth"] == 4 and row["graph/widest"] == 8
    assert row["graph/parameters"] == 3 and row["graph/flops"] == 4
    assert row["graph/largest_kernel"] == 3 and row["graph/branching"] == 1


def test_a_network_without_layers_lacks_what_it_has_none_of() -> None:
    bare = NetworkGraph(nodes=(GraphNode(op="input", shape=(-1, 4)),))
    assert isnan(graph_features(bare)["graph/widest"]) and isnan(graph_features(None)["graph/parameters"])


def test_losses_of_another_spacing_are_missing() -> None:
    assert curve_features(LOSSES, 3)["curve/loss_2"] == pytest.approx(2.1)
    assert all(isnan(each) for each in curve_features(LOSSES[:7], 3).values())


def test_equal_rows_give_equal_predictions_and_what_is_missing_is_filled_in() -> None:
    rows = [{"a": float(place), "b": float("nan"), "c": 1e30 if place == 3 else 0.0} for place in range(60)]
    scores = [place / 60 for place in range(60)]
    first, second = (Predictor(7).fit(rows, scores).predict([*rows, {"a": 30.0, "new": 1.0}]) for _ in "12")
    assert first == second and abs(first[-1] - 0.5) < 0.1
