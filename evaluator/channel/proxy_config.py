"""What the process that a program runs in is told of the settings: how to train, and the limits.

It knows neither the task's name nor the place of its files, where labels are. This module imports no task.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ProxyConfig(BaseModel):
    """How a program is trained, and what it may use."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    epochs: int = Field(default=1, ge=1)
    """Passes over the training split; one is the published proxy."""
    batch_size: int = Field(default=16, ge=2, le=2000)
    """Images in a training batch."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Width of matrix products and convolutions: `bf16` is autocast, fast only where the processor has units
    for it; weights, losses and optimisers stay in float32."""
    channels_last: bool = True
    """Whether convolutions may run in the memory layout that their kernels prefer. It changes results by
    rounding alone: networks that cannot bear it are recognised and keep the ordinary layout."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seeds the initial weights, dropout and the order of the training images."""
    threads: int = Field(default=1, ge=1)
    """Threads of torch in a program's process; results are bit-reproducible with one."""
    lint: bool = True
    """Whether programs are searched for things that no network needs before they run. That is hygiene and
    early feedback; what contains programs is the isolation."""
    cpu_seconds: int = Field(default=30, ge=1)
    """Processor time that a program may use from its import to its last prediction, in seconds."""
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
    lr: float = Field(default=0.01, ge=0.0, le=1.0)
    """The hyperparameter `lr` handed to every program: the learning rate (per step)."""
    momentum: float = Field(default=0.9, ge=0.0, le=1.0)
    """The hyperparameter `momentum` handed to every program (no unit)."""
    dropout: float = Field(default=0.2, ge=0.0, le=1.0)
    """The hyperparameter `dropout` handed to every program: share of activations dropped."""
    other_hyperparameters: float = Field(default=0.5, ge=0.0, le=1.0)
    """Value in [0, 1] of any further hyperparameter that a program says it supports (no unit)."""
