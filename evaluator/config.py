"""Settings of the evaluator: the proxy's protocol, the limits on a program, the number of workers.

This module does *not* import torch or numpy: the command line reads it to check a run's configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from evaluator.isolation.tiers import Isolation
from evaluator.tasks import reads_files, require_task


class EvaluatorConfig(BaseModel):
    """How a program is judged. All but `data_path`, `workers`, `isolation` is part of the protocol's id."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: str = "digits"
    """Name of the task that programs are trained on."""
    data_path: Path | None = None
    """Where the files of a task such as `cifar10` are: a directory, or an `.npz` file. Without it they are
    looked for in the caches of Hugging Face and in `~/.cache/archloop/data/TASK`. The files' content is part
    of the protocol's id, their place is not."""
    epochs: int = Field(default=1, ge=1)
    """Passes over the training split; one is the published proxy."""
    batch_size: int = Field(default=16, ge=2, le=2000)
    """Images in a training batch."""
    predict_batch_size: int = Field(default=128, ge=1, le=2000)
    """Images in a batch of predictions, which needs no room for gradients (an answer holds 2,000)."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Width of matrix products and convolutions: `bf16` is autocast, fast only where the processor has units
    for it; weights, losses and optimisers stay in float32."""
    channels_last: bool = True
    """Whether convolutions may run in the memory layout that their kernels prefer. It changes results by
    rounding alone: networks that cannot bear it are recognised and keep the ordinary layout."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seeds the initial weights, dropout and the order of the training images."""
    workers: int = Field(default=2, ge=1)
    """Programs judged at the same time, at most one for each processor. Changes no result, only the speed."""
    threads: int = Field(default=1, ge=1)
    """Threads of torch in a program's process; results are bit-reproducible with one."""
    isolation: Isolation = "auto"
    """How programs are contained: `auto` is the strongest tier that this machine offers, and no tier means
    that nothing is run; a tier's name demands that tier; `unsafe` is for programs that you trust."""
    lint: bool = True
    """Whether programs are searched for things that no network needs before they run. That is hygiene and
    early feedback; what contains programs is the isolation."""
    cpu_seconds: int = Field(default=30, ge=1)
    """Processor time that a program may use from its import to its last prediction, in seconds."""
    wall_seconds: float = Field(default=120.0, gt=0.0)
    """Wall time after which a program is killed, in seconds: a backstop for programs that sleep."""
    memory_bytes: int = Field(default=2 * 2**30, ge=64 * 2**20)
    """Address space that a program may add to that of the warm process it starts from, in bytes."""
    max_processes: int = Field(default=0, ge=0)
    """Processes that a program may have running beside its own; threads do not count."""
    max_threads: int = Field(default=64, ge=1)
    """Threads that a program may have running, those of torch included."""
    scratch_bytes: int = Field(default=2**24, ge=2**16)
    """What a program may write to its scratch directory in all, in bytes; where there are no namespaces to
    hold a scratch directory, a program may write nothing."""
    output_bytes: int = Field(default=2**20, ge=0)
    """Text that a program may print, and size of a file that it may write, in bytes."""
    max_parameters: int = Field(default=500_000, ge=1)
    """Cap on trainable parameters, as in the reference's proxy."""
    below_chance_factor: float = Field(default=1.2, ge=0.0)
    """A program whose accuracy is at most this many times chance (1 / classes) does not count as valid."""
    lr: float = Field(default=0.01, ge=0.0, le=1.0)
    """The hyperparameter `lr` handed to every program: the learning rate (per step)."""
    momentum: float = Field(default=0.9, ge=0.0, le=1.0)
    """The hyperparameter `momentum` handed to every program (no unit)."""
    dropout: float = Field(default=0.2, ge=0.0, le=1.0)
    """The hyperparameter `dropout` handed to every program: share of activations dropped."""
    other_hyperparameters: float = Field(default=0.5, ge=0.0, le=1.0)
    """Value in [0, 1] of any further hyperparameter that a program says it supports (no unit)."""

    @field_validator("task")
    @classmethod
    def _known_task(cls, name: str) -> str:
        require_task(name)
        return name

    @field_validator("data_path")
    @classmethod
    def _absolute_data_path(cls, path: Path | None) -> Path | None:
        """A run may be resumed from another directory."""
        return None if path is None else path.expanduser().absolute()

    @model_validator(mode="after")
    def _data_path_has_a_use(self) -> EvaluatorConfig:
        if self.data_path is not None and not reads_files(self.task):
            raise ValueError(
                f"the task '{self.task}' reads no files: leave data_path out, or choose another task"
            )
        return self

    @model_validator(mode="after")
    def _wall_time_is_the_backstop(self) -> EvaluatorConfig:
        if self.wall_seconds < self.cpu_seconds / self.threads:
            raise ValueError(
                f"wall_seconds ({self.wall_seconds:g}) must leave room for cpu_seconds ({self.cpu_seconds}); "
                "4 times as much is a good choice"
            )
        return self
