"""What a task asks of a network follows from its kind and its inputs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from corpus.records.tasks.kinds import Metric, TaskKind
from corpus.records.tasks.shape import TaskShape


def shape(kind: TaskKind = TaskKind.SINGLE_LABEL, **sizes: Any) -> TaskShape:
    return TaskShape(**{"channels": 3, "height": 8, "width": 12, "classes": 5, "kind": kind, **sizes})


@pytest.mark.parametrize(
    ("kind", "answer", "target"),
    [
        (TaskKind.SINGLE_LABEL, (5,), ()),
        (TaskKind.MULTI_LABEL, (5,), (5,)),
        (TaskKind.SEGMENTATION, (5, 8, 12), (8, 12)),
        (TaskKind.REGRESSION, (5, 8, 12), (5, 8, 12)),
    ],
)
def test_answer_and_target_have_the_shape_of_the_kind(
    kind: TaskKind, answer: tuple[int, ...], target: tuple[int, ...]
) -> None:
    of_images, of_signals = shape(kind), shape(kind, signal=True, height=1)
    assert (of_images.output_shape, of_images.target_shape) == (answer, target)
    assert of_signals.output_shape == tuple(each for each in answer if each != 8)
    assert of_signals.target_shape == tuple(each for each in target if each != 8)
    assert of_images.input_shape == (3, 8, 12) and of_signals.input_shape == (3, 12)


@pytest.mark.parametrize(("length", "folded"), [(256, (16, 16)), (12, (3, 4)), (7, (1, 7)), (1, (1, 1))])
def test_a_signal_is_folded_into_a_picture_without_a_remainder(length: int, folded: tuple[int, int]) -> None:
    picture = shape(TaskKind.REGRESSION, signal=True, height=1, width=length, classes=1).picture
    assert (picture.height, picture.width) == folded and picture.plain and picture.classes == 2


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"signal": True}, {"classes": 1}, {"kind": TaskKind.SEGMENTATION, "classes": 1}):
        with pytest.raises(ValidationError):
            shape(**wrong)


def test_an_error_has_a_score_of_which_more_is_better() -> None:
    assert Metric.RELATIVE_L2.of(0.9) == pytest.approx(0.1) and Metric.RELATIVE_L2.less_is_better
    for kind in set(TaskKind) - {TaskKind.REGRESSION}:
        assert kind.metric.of(0.9) == 0.9 and not kind.metric.less_is_better


@pytest.mark.parametrize(
    ("protocol", "metric", "data_set"),
    [
        ("digits-v1/e1/b16/s0/p3f2a90c1", Metric.ACCURACY, "digits-v1"),
        ("darcy-v1/relative-l2/e1/b16/s0/p3f2a90c1", Metric.RELATIVE_L2, "darcy-v1"),
        ("masks-v1-0c29/mean-iou/train+val/test/e20/b16/s0/p1", Metric.MEAN_IOU, "masks-v1-0c29"),
        ("imported:lemur/mean-iou", Metric.ACCURACY, "imported:lemur/mean-iou"),
    ],
)
def test_the_protocol_names_the_metric(protocol: str, metric: Metric, data_set: str) -> None:
    judged = Evaluation(
        candidate_id="c000/0000",
        protocol_id=protocol,
        status=EvaluationStatus.COMPLETE,
        stage=Stage.DONE,
        accuracy=0.5,
    )
    assert (judged.metric, judged.data_set) == (metric, data_set)
