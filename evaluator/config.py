"""Settings of the evaluator: the proxy's protocol, the limits on a program, the number of workers.

This module does *not* import torch or numpy: the command line reads it to check a run's configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from evaluator.channel.proxy_config import ProxyConfig
from evaluator.isolation.tiers import Isolation
from evaluator.tasks import generated_names, reads_files, require_task


class _Subject(BaseModel):
    """What programs are trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    task: str = "digits"
    """Name of the task that programs are trained on."""
    data_path: Path | None = None
    """Where the files of a task such as `cifar10` are: a directory, or an `.npz` file. Without it they are
    looked for in the caches of Hugging Face and in `~/.cache/archloop/data/TASK`. The files' content is part
    of the protocol's id, their place is not."""

    task_seed: int = Field(default=0, ge=0, lt=2**63)
    """Seeds what a generated task draws: noise, places, combinations, shapes. At 0 the images are the public
    ones, which a program that knows the generator can undo; any other number should be drawn at random and
    told to nobody who writes programs. It is part of the protocol's id unless it is 0."""

    train_images: int | None = Field(default=None, ge=10)
    """How many of the task's training images programs learn from, drawn once and for all; validation and test
    images stay all there. None is all. Part of the protocol's id only where set."""

    @field_validator("task")
    @classmethod
    def _known_task(cls, name: str) -> str:
        require_task(name)
        return name

    @field_validator("data_path")
    @classmethod
    def _absolute_data_path(cls, path: Path | None) -> Path | None:
        """A run may be resumed from another directory."""
        try:
            return None if path is None else path.expanduser().absolute()
        except RuntimeError:  # `~` of a user without a home
            raise ValueError("this user has no home directory: write the path without ~") from None

    @model_validator(mode="after")
    def _data_path_has_a_use(self) -> Self:
        if self.data_path is not None and not reads_files(self.task):
            raise ValueError(
                f"the task '{self.task}' reads no files: leave data_path out, or choose another task"
            )
        return self

    @model_validator(mode="after")
    def _task_seed_has_a_use(self) -> Self:
        names = generated_names()
        if self.task_seed and self.task not in names:
            raise ValueError(
                f"the task '{self.task}' draws nothing: leave task_seed out, or choose one of "
                f"{', '.join(names)}"
            )
        return self


class EvaluatorConfig(ProxyConfig, _Subject):
    """How a program is judged.

    All but `data_path`, `workers` and `isolation` is part of the protocol's id; `task_seed`,
    `train_images`, `hyperparameters`, `resize` and `flip` are where they are set.
    """

    predict_batch_size: int = Field(default=128, ge=1, le=2000)
    """Images in a batch of predictions, which needs no room for gradients (an answer holds 2,000)."""
    workers: int = Field(default=2, ge=1)
    """Programs judged at the same time, at most one for each processor. Changes no result, only the speed."""
    isolation: Isolation = "auto"
    """How programs are contained: `auto` is the strongest tier that this machine offers, and no tier means
    that nothing is run; a tier's name demands that tier; `unsafe` is for programs that you trust."""
    wall_seconds: float = Field(default=120.0, gt=0.0)
    """Wall time after which a program is killed, in seconds: a backstop for programs that sleep."""
    max_passes: float = Field(default=2.5, ge=1.0)
    """How often a program may learn from the training images in an epoch, on average; more is `REUSED_DATA`.
    The images come once, but each batch may go through the network again: sharpness-aware minimisation and
    consistency losses do so twice, and so does a layer whose activations are recomputed."""
    below_chance_factor: float = Field(default=1.2, ge=0.0)
    """A program whose accuracy is at most this many times chance (1 / classes) does not count as valid."""

    @model_validator(mode="after")
    def _wall_time_is_the_backstop(self) -> Self:
        if self.wall_seconds < self.cpu_seconds / self.threads:
            raise ValueError(
                f"wall_seconds ({self.wall_seconds:g}) must leave room for cpu_seconds ({self.cpu_seconds}); "
                "4 times as much is a good choice"
            )
        return self
