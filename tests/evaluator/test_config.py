"""The evaluator's settings and the protocol's name."""

from __future__ import annotations

import hashlib
import json

import pytest
from pydantic import ValidationError

from evaluator.config import EvaluatorConfig
from evaluator.supervisor.protocol import PROTOCOL_VERSION, protocol_id, training_plan
from evaluator.tasks import load_task, task_spec

DEFAULT_ID = "digits-v1/e1/b16/s0/p5bd417a8"


def name_of(split: str = "val", **settings: object) -> str:
    config = EvaluatorConfig.model_validate(settings)
    return protocol_id(config, task_spec(config.task), split)  # type: ignore[arg-type]


def test_the_protocol_id_names_task_epochs_batch_and_seed_in_clear() -> None:
    assert name_of(seed=3).startswith("digits-v1/e1/b16/s3/p")


@pytest.mark.parametrize(
    "settings",
    [
        {"task": "digits-clean"},
        {"epochs": 2},
        {"batch_size": 32},
        {"seed": 1},
        {"lr": 0.02},
        {"dropout": 0.0},
        {"max_parameters": 1000},
        {"cpu_seconds": 9},
        {"predict_batch_size": 64},
        {"precision": "bf16"},
        {"channels_last": False},
        {"lint": False},
        {"other_hyperparameters": 0.1},
        {"max_passes": 1.5},
        {"task_seed": 1},
        {"train_images": 1000},
        {"hyperparameters": {"weight_decay": 0.1}},
        {"resize": 64},
        {"flip": True},
        {"memory_limit": "resident"},
        {"device": "cuda"},
    ],
)
def test_whatever_can_change_a_result_changes_the_id(settings: dict[str, object]) -> None:
    assert name_of(**settings) != name_of()


def test_a_setting_that_is_not_used_is_no_part_of_the_id() -> None:
    """The id of the default protocol, which stands in ledgers, must not change with every new setting."""
    unused = {"task_seed": 0, "train_images": None, "hyperparameters": {}, "resize": None, "flip": False}
    unused |= {"memory_limit": None, "device": "cpu", "gpu_memory_bytes": 2**33, "gpu_unproven": False}
    elsewhere = {"data_path", "timed_images", "workers", "isolation", "scripts", "table", "supernet"}
    values = EvaluatorConfig().model_dump(mode="json", exclude={*elsewhere, *unused})
    values |= {"version": PROTOCOL_VERSION}
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]
    assert name_of() == name_of(**unused) == f"digits-v1/e1/b16/s0/p{digest}"


@pytest.mark.parametrize("name", ["lr", "momentum", "dropout", "batch", "epoch_max", "Transform"])
def test_a_hyperparameter_that_has_a_setting_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="follows from other settings"):
        EvaluatorConfig(hyperparameters={name: 0.1})


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "norm"),
        ({"flip": True}, "norm_flip"),
        ({"resize": 64}, "norm_64"),
        ({"resize": 256, "flip": True}, "norm_256_flip"),
    ],
)
def test_the_transform_has_lemurs_name(settings: dict[str, object], name: str) -> None:
    assert EvaluatorConfig.model_validate(settings).transform == name


@pytest.mark.parametrize("task", ["digits-clean", "cifar10", "images"])
def test_a_task_seed_is_refused_where_nothing_is_drawn(task: str) -> None:
    with pytest.raises(
        ValidationError, match=f"'{task}' draws nothing: leave task_seed out.* digits, adddigits"
    ):
        EvaluatorConfig(task=task, task_seed=5)


def test_a_program_is_not_told_the_task_seed() -> None:
    config = EvaluatorConfig(task_seed=987654321)
    task = load_task("digits", task_seed=config.task_seed)
    assert "987654321" not in training_plan(config, task).model_dump_json()


def test_the_number_of_workers_does_not_change_the_id() -> None:
    assert name_of(workers=1) == name_of(workers=7)


def test_what_scripts_may_use_is_no_part_of_the_id() -> None:
    assert name_of(scripts={"cpu_seconds": 1}) == name_of()


def test_a_script_has_the_limits_of_its_own_and_the_rest_of_a_programs() -> None:
    config = EvaluatorConfig.model_validate(
        {"cpu_seconds": 7, "max_threads": 9, "scripts": {"cpu_seconds": 3}}
    )
    assert (config.limits.cpu_seconds, config.script_limits.cpu_seconds) == (7, 3)
    assert config.limits.max_threads == config.script_limits.max_threads == 9


def test_accuracies_on_val_and_test_have_different_ids() -> None:
    assert name_of("test") != name_of("val") and "/test/" in name_of("test")


def test_an_unknown_task_is_refused_with_the_list_of_tasks() -> None:
    with pytest.raises(ValidationError, match=r"Did you mean 'digits-clean'\? Tasks: digits, digits-clean"):
        EvaluatorConfig(task="digit-clean")


def test_a_wall_time_that_leaves_no_room_for_the_processor_time_is_refused() -> None:
    with pytest.raises(ValidationError, match="wall_seconds"):
        EvaluatorConfig(cpu_seconds=30, wall_seconds=10.0)
    with pytest.raises(ValidationError, match=r"scripts\.wall_seconds"):
        EvaluatorConfig.model_validate({"scripts": {"cpu_seconds": 30, "wall_seconds": 10.0}})


def test_every_setting_is_described() -> None:
    assert all(field.description for field in EvaluatorConfig.model_fields.values())
