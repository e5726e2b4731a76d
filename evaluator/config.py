"""Settings of the evaluator: the proxy's protocol, the limits on a program, the number of workers.

This module does *not* import torch or numpy: the command line reads it to check a run's configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from evaluator.channel.limits import Limits
from evaluator.channel.proxy_config import ProxyConfig
from evaluator.isolation.tiers import Isolation
from evaluator.tables.catalogue import table_spec
from evaluator.tasks import generated_names, reads_files, require_task

GPU_START_SECONDS = 10
"""Processor time that the start of CUDA in a process may take; processes are started one after another."""

GPU_THREADS = 32
"""Threads that the driver of a GPU may start in a program's process."""


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


class ScriptConfig(BaseModel):
    """What a script of a search may use; processes, threads and scratch are as for programs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    cpu_seconds: int = Field(default=20, ge=1)
    """Processor time of a script, in seconds."""
    wall_seconds: float = Field(default=60.0, gt=0.0)
    """Wall time after which a script is killed, in seconds."""
    memory_bytes: int = Field(default=2 * 2**30, ge=64 * 2**20)
    """Address space that a script may add to that of the warm process it starts from, in bytes."""
    output_bytes: int = Field(default=2**20, ge=0)
    """Text that a script may print, and size of a file that it may write, in bytes; of the text 5,000
    characters are kept."""


class EvaluatorConfig(ProxyConfig, _Subject):
    """How a program is judged.

    All but `data_path`, `timed_images`, `workers`, `isolation`, `scripts`, `table`, `supernet` and
    `gpu_unproven` is part of the id; `task_seed`, `train_images`, `hyperparameters`, `resize`, `flip` and
    `memory_limit` are where they are set, `device` and `gpu_memory_bytes` on a GPU.
    """

    predict_batch_size: int = Field(default=128, ge=1, le=2000)
    """Images in a batch of predictions, which needs no room for gradients (an answer holds 2,000)."""
    gpu_unproven: bool = False
    """Run programs on a GPU of this machine although `archloop doctor --gpu` has not passed here, so that
    nobody knows whether they are contained. Only for programs that you trust."""
    timed_images: int = Field(default=0, ge=0, le=256)
    """Single images that a trained network answers behind its exam, against the evaluator's clock: the median
    is its `latency_seconds`, on whatever else the machine was doing. 0 measures none. Changes no accuracy."""
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
    """A program whose accuracy is at most this many times chance (1 / classes) does not count as valid. Of
    other metrics chance is the best constant answer's score, and at most half of what it leaves is asked."""
    scripts: ScriptConfig = ScriptConfig()
    """What a script of a search may use."""

    table: str | None = None
    """Name of a table that answers in place of trainings, such as `cells-3-digits`: every network of a search
    space, trained once for all on its task. Its own protocol holds then, and settings on how to train have no
    effect; a program that is not in it is `CONTRACT_ERROR`. None trains every program."""

    supernet: bool = False
    """Whether networks of a space of cells are judged by weights that they inherit from one supernet over the
    space, trained once when the run starts, in place of a training of their own. Its own protocol holds."""

    @property
    def limits(self) -> Limits:
        """What a program may use, evaluated or probed; the start of a GPU is not held against it."""
        limits = Limits(**{name: getattr(self, name) for name in Limits.model_fields})
        if not self.on_gpu:
            return limits
        more = {
            "cpu_seconds": limits.cpu_seconds + GPU_START_SECONDS,
            "wall_seconds": limits.wall_seconds + GPU_START_SECONDS * self.workers,
            "max_threads": limits.max_threads + GPU_THREADS,
        }
        return limits.model_copy(update=more)

    @property
    def script_limits(self) -> Limits:
        """What a script may use."""
        return Limits(**(self.limits.model_dump() | self.scripts.model_dump()))

    @model_validator(mode="after")
    def _one_stands_in_for_training(self) -> Self:
        if self.table is not None and self.supernet:
            raise ValueError("a table and a supernet cannot both answer in place of trainings: leave one out")
        return self

    @model_validator(mode="after")
    def _table_is_of_the_task(self) -> Self:
        if self.table is not None and table_spec(self.table).task != self.task:
            raise ValueError(
                f"the table '{self.table}' is of the task '{table_spec(self.table).task}', evaluator.task is "
                f"'{self.task}': set it to the table's, or leave the table out"
            )
        return self

    @model_validator(mode="after")
    def _wall_time_is_the_backstop(self) -> Self:
        for where, limits in (("", self.limits), ("scripts.", self.script_limits)):
            if limits.wall_seconds < limits.cpu_seconds / self.threads:
                raise ValueError(
                    f"{where}wall_seconds ({limits.wall_seconds:g}) must leave room for {where}cpu_seconds "
                    f"({limits.cpu_seconds}); 4 times as much is a good choice"
                )
        return self
