"""Fewer training images: the same ones every time, and nothing else of the task changes."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.config import EvaluatorConfig
from evaluator.errors import TaskDataError
from evaluator.supervisor.protocol import training_plan
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import load_task


def test_so_many_images_are_drawn_and_the_other_splits_stay_whole() -> None:
    whole, part = load_task("digits-clean"), load_task("digits-clean", train_images=200)
    assert len(part.train) == len(part.train.inputs) == 200
    known = {
        image.tobytes(): label for image, label in zip(whole.train.inputs, whole.train.targets, strict=True)
    }
    drawn = zip(part.train.inputs, part.train.targets, strict=True)
    assert all(known[image.tobytes()] == label for image, label in drawn)
    assert np.array_equal(part.val.inputs, whole.val.inputs)
    assert np.array_equal(part.read_test().inputs, whole.read_test().inputs)
    assert part.mean != whole.mean


def test_a_larger_draw_holds_a_smaller_one() -> None:
    small, large = (load_task("digits-clean", train_images=count).train for count in (100, 300))
    assert {image.tobytes() for image in small.inputs} <= {image.tobytes() for image in large.inputs}


def test_more_images_than_there_are_is_a_mistake() -> None:
    with pytest.raises(
        TaskDataError, match=r"has 1,100 training images, evaluator\.train_images asks for 1,101"
    ):
        load_task("digits-clean", train_images=1101)


def test_programs_learn_from_as_many_as_the_settings_say() -> None:
    config = EvaluatorConfig(task="digits-clean", train_images=200)
    task = load_task(config.task, train_images=config.train_images)
    assert training_plan(config, task).train_images == 200
    assert (
        SandboxedEvaluator(config).protocol_id
        != SandboxedEvaluator(EvaluatorConfig(task=config.task)).protocol_id
    )
