"""The gate: what recorded graphs of parent and child say of an edit."""

from __future__ import annotations

import pytest

from corpus.records.evaluations import EvaluationStatus, Stage
from corpus.records.search.probes import Probe
from generator.trees.edits.gate import verdict
from tests.generator.trees.edits.grounds import probed, tree

BEFORE = "conv(8) relu | 2x[residual(conv relu)] | mean classifier"


def judged(after: str, operation: str, before: str = BEFORE) -> str | None:
    return verdict(probed(tree(before)), probed(tree(after)), operation)


@pytest.mark.parametrize(
    ("after", "operation"),
    [
        (BEFORE.replace("conv(8)", "conv(8, kernel=5)"), "change"),
        (BEFORE.replace("conv(8) relu", "conv(8) tanh"), "swap"),
        (BEFORE.replace("conv(8)", "conv(8) batch_norm"), "insert"),
        (BEFORE.replace("conv(8) relu", "conv(8)"), "delete"),
        (BEFORE.replace("conv(8)", "residual(conv(8); conv(8))"), "wrap"),
        (BEFORE.replace("2x", "3x"), "repeat"),
        (BEFORE.replace("conv(8)", "conv(16)"), "widen"),
        (BEFORE.replace("conv(8)", "conv(4)"), "narrow"),
    ],
)
def test_a_change_that_was_meant_passes(after: str, operation: str) -> None:
    assert judged(after, operation) is None


@pytest.mark.parametrize(
    ("after", "operation", "reason"),
    [
        (BEFORE, "change", "its graph is that of its parent"),
        (BEFORE.replace("conv(8) relu", "conv(8) dropout relu"), "insert", "its graph is that of its parent"),
        (BEFORE.replace("2x[residual(conv relu)]", 2 * "residual(conv relu) "), "repeat", "its graph"),
        (BEFORE.replace("conv(8) relu", "conv(8)"), "insert", "nothing was added"),
        (BEFORE.replace("conv(8)", "conv(8) batch_norm"), "delete", "nothing was taken out"),
        (BEFORE.replace("conv(8)", "conv(4)"), "widen", "no more parameters"),
        (BEFORE.replace("conv(8)", "conv(16)"), "narrow", "no fewer parameters"),
    ],
)  # fmt: skip
def test_a_change_that_was_not_meant_is_refused(after: str, operation: str, reason: str) -> None:
    assert reason in (judged(after, operation) or "")


def test_a_child_that_does_not_run_is_refused_in_its_own_words() -> None:
    failed = Probe(failure=EvaluationStatus.SHAPE_ERROR, stage=Stage.FORWARD, error="16 is not 8")
    assert "16 is not 8" in (verdict(probed(tree(BEFORE)), failed, "swap") or "")


def test_without_a_graph_nobody_can_tell() -> None:
    passed = probed(tree(BEFORE))
    assert "no graph" in (verdict(passed, passed.model_copy(update={"graph": None}), "swap") or "")
