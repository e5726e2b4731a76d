"""What a model is told of a task that is no classification of images."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from generator.prompts.templates import Exemplar, ProgramRequest, render
from generator.spaces.catalogue import build_space
from generator.strategies.collm.memory import Memory
from generator.strategies.collm.prompts import navigator_chat
from generator.strategies.collm.settings import Settings
from generator.strategies.wording import network_lines

FIELD = TaskShape(channels=3, height=16, width=12, classes=2, kind=TaskKind.REGRESSION)
SIGNAL = TaskShape(channels=1, height=1, width=64, classes=5, signal=True)


def said(shape: TaskShape, exemplars: Sequence[Exemplar] = ()) -> str:
    request = ProgramRequest(shape=shape, max_parameters=500_000, target_accuracy=0.6)
    return render("instruct", request, exemplars)[-1].content


@pytest.mark.parametrize(
    ("shape", "facts"),
    [
        (FIELD, ["dense regression of images", "3 x 16 x 12", "out_shape` is (2, 16, 12)", "nn.MSELoss()",
                 "float32, of shape (batch, 2, 16, 12)", "lower is better", "error below 0.40"]),
        (FIELD.model_copy(update={"kind": TaskKind.SEGMENTATION}),
         ["segmentation of images", "Each pixel belongs to one of 2 classes",
          "class ids, int64, of shape (batch, 16, 12)", "nn.CrossEntropyLoss()",
          "intersection over union", "mean IoU above 0.60"]),
        (FIELD.model_copy(update={"kind": TaskKind.MULTI_LABEL}),
         ["multi-label classification of images", "out_shape` is (2,)", "float32, of shape (batch, 2)",
          "nn.BCEWithLogitsLoss()", "mean average precision above 0.60"]),
        (SIGNAL, ["classification of signals", "1 x 64 (channels x length)", "here (1, 1, 64)",
                  "int64, of shape (batch,)", "accuracy above 0.60"]),
        (SIGNAL.model_copy(update={"kind": TaskKind.REGRESSION}), ["each step", "out_shape` is (5, 64)"]),
    ],
)  # fmt: skip
def test_the_whole_contract_is_stated_for_the_kind(shape: TaskShape, facts: list[str]) -> None:
    text = said(shape)
    assert [fact for fact in facts if fact not in " ".join(text.split())] == []
    assert "train_data.criterion" in text and "{" not in text.replace("{'lr', 'momentum', 'dropout'}", "")


def test_exemplars_are_shown_with_what_the_task_measures() -> None:
    text = said(FIELD, [Exemplar("x = 1", 0.75)])
    assert "validation relative L2 error that it reached" in text
    assert "Module 1, relative L2 error 0.250:" in text
    assert "Module 1, accuracy 0.750:" in said(FIELD.picture, [Exemplar("x = 1", 0.75)])


@pytest.mark.parametrize("shape", [FIELD, SIGNAL, FIELD.picture])
def test_the_embedded_model_is_asked_for_a_classifier_of_the_picture(shape: TaskShape) -> None:
    asked, plain = (
        render("compact", ProgramRequest(shape=each, max_parameters=7, target_accuracy=0.4))
        for each in (shape, shape.picture)
    )
    assert asked == plain


def test_searches_over_spaces_say_what_their_networks_are_built_into() -> None:
    plain = ProgramRequest(shape=FIELD.picture, max_parameters=500_000, target_accuracy=0.6)
    request = plain.model_copy(update={"carried_to": FIELD})
    space = build_space("cells", FIELD.picture, 500_000)
    asked = {
        each: (
            network_lines(each, "conv", 0.7)[0],
            navigator_chat(each, space, Memory(), Settings())[-1].content,  # type: ignore[arg-type]
        )
        for each in (plain, request)
    }
    told = (
        "built into a network for dense regression of images; accuracy here is 1 less its relative L2 error."
    )
    assert all(told in text for text in asked[request])
    assert not any(told in text for text in asked[plain])
    assert "chance is 0.50" in asked[plain][1] and "chance" not in asked[request][1]
