"""The protocol's name, and the plan for those who train under it.

Two accuracies may be compared only when their protocol ids are equal: the id names task, version, split,
epochs, batch size and seed in clear, and hashes everything else that can change a result.

This module does *not* hold data: inputs and targets travel by other ways, validation targets not at all.
"""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from corpus.records.tasks.kinds import Metric
from evaluator.channel.layout import InputType
from evaluator.channel.plan import Plan
from evaluator.channel.proxy_config import ProxyConfig
from evaluator.config import EvaluatorConfig
from evaluator.tasks import Task, TaskSpec

PROTOCOL_VERSION = 4
"""To be raised with every change of the code that can move an accuracy or turn one status into another."""

SplitName = Literal["val", "test"]
TrainedOn = Literal["train", "train+val"]

_NO_PART_OF_THE_ID = {"data_path", "timed_images", "workers", "isolation", "scripts", "table", "supernet"}
_NO_PART_OF_THE_ID |= {"device", "gpu_unproven"}  # that it is a GPU is said in clear, which one is nothing
_PART_WHERE_SET = {"task_seed", "train_images", "hyperparameters", "resize", "flip", "memory_limit"}
"""Settings that are absent from the id at their defaults."""
_PART_ON_A_GPU = {"gpu_memory_bytes"}


def protocol_id(
    config: EvaluatorConfig, spec: TaskSpec, split: SplitName = "val", *, trained_on: TrainedOn = "train"
) -> str:
    """Return the id, such as `digits-v1/e1/b16/s0/p3f2a90c1`.

    What is not usual is named in it: `digits-v1/train+val/test/e20/...` was trained on train and val together
    and measured on test, `darcy-v1/relative-l2/e1/...` has another metric than accuracy, and what was trained
    on a GPU has `cuda` there.

    Raises:
        ValueError: The task comes from files that were not read yet: their fingerprint belongs into the id.
    """
    if spec.from_files and spec.fingerprint is None:
        raise ValueError(
            f"load the task '{spec.name}' first: its files' fingerprint is part of the protocol's id"
        )
    unset = {name for name in _PART_WHERE_SET if not getattr(config, name)}
    unset |= set() if config.on_gpu else _PART_ON_A_GPU
    rest = config.model_dump(mode="json", exclude=_NO_PART_OF_THE_ID | unset) | {"version": PROTOCOL_VERSION}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:8]
    metric = spec.shape.kind.metric
    device = "cuda" if config.on_gpu else "cpu"
    named = ((metric, Metric.ACCURACY), (trained_on, "train"), (split, "val"), (device, "cpu"))
    unusual = [str(name) for name, usual in named if name != usual]
    where = "/".join([spec.id, *unusual])
    return f"{where}/e{config.epochs}/b{config.batch_size}/s{config.seed}/p{digest}"


def training_plan(config: EvaluatorConfig, task: Task) -> Plan:
    """Return the plan for training on `task`; it tells neither the task's name nor where its files are."""
    inputs: InputType = "uint8" if task.train.inputs.dtype == "uint8" else "float32"
    return Plan(
        config=ProxyConfig(**config.model_dump(include=set(ProxyConfig.model_fields))),
        shape=task.spec.resized(config.resize).shape,
        train_images=len(task.train),
        mean=task.mean,
        std=task.std,
        inputs=inputs,
    )
