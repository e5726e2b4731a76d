"""The metrics by which the script marks its own networks: those of the textbooks."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.records.tasks.kinds import TaskKind
from evaluator.tasks import Examples
from scripts.measure_kinds import score


def marked(kind: TaskKind, answers: list[object], targets: list[object]) -> float:
    truth = np.array(targets)
    return score(kind, np.array(answers, dtype=np.float32), Examples(truth, truth))


@pytest.mark.parametrize(
    ("kind", "answers", "targets", "expected"),
    [
        (TaskKind.SINGLE_LABEL, [[1, 0], [1, 0], [0, 1], [0, 1]], [0, 0, 0, 1], 0.75),
        # label 0: the one positive is second; label 1 has none, so it is left out
        (TaskKind.MULTI_LABEL, [[3, 1], [2, 9], [1, 5]], [[0, 0], [1, 0], [0, 0]], 0.5),
        # two classes of three occur: 1 of 2 positions each
        (TaskKind.SEGMENTATION, [[[1, 1, 0], [0, 0, 1], [0, 0, 0]]], [[0, 1, 1]], 0.5),
        (TaskKind.REGRESSION, [[[3, 0]], [[0, 4]]], [[[3, 4]], [[0, 4]]], 1 - (4 / 5 + 0) / 2),
        (TaskKind.REGRESSION, [[[9, 9]]], [[[1, 1]]], 0.0),
    ],
)
def test_scores_are_those_of_the_definitions(
    kind: TaskKind, answers: list[object], targets: list[object], expected: float
) -> None:
    assert marked(kind, answers, targets) == pytest.approx(expected)
