"""What the process that a program runs in is told of the settings: how to train, and the limits.

It knows neither the task's name nor the place of its files, where labels are. This module imports no task.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from corpus.records.search.hyperparameters import Hyperparameter
from evaluator.channel.hyperparameters import DEFAULTS, PROTOCOL_NAMES, Value


class ProxyConfig(BaseModel):
    """How a program is trained, and what it may use."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    epochs: int = Field(default=1, ge=1)
    """Passes over the training split; one is the published proxy."""
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda(:\d+)?)$")
    """Where networks are trained: `cpu`, or a GPU, `cuda` or one by its number, such as `cuda:1`. That it is
    a GPU is part of the protocol's id, since its rounding differs; which one is not."""
    gpu_memory_bytes: int = Field(default=8 * 2**30, ge=2**28)
    """Memory that a program may take of a GPU for its tensors, in bytes. Part of the protocol's id on a GPU
    alone, as it is without effect elsewhere."""
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
    """Memory that a program may add to that of the warm process it starts from, in bytes: address space, or
    where `memory_limit` is `resident` what lies in memory."""
    memory_limit: Literal["address-space", "resident"] | None = None
    """How `memory_bytes` is kept: `address-space` is exact, the kernel refuses more; `resident` is looked at
    twenty times a second, for what reserves far more addresses than it uses, as the driver of a GPU does.
    None is `resident` on a GPU, else `address-space`. Part of the protocol's id only where set."""
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
    """Value in [0, 1] of any further hyperparameter that a program says it supports and that has no value of
    its own, neither in `hyperparameters` nor by its name, as `weight_decay` or `step_size` have (no unit)."""
    hyperparameters: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = {}
    """Values of hyperparameters by name, such as `weight_decay` (no unit), handed to every program. Part of
    the protocol's id only where there are any."""
    resize: int | None = Field(default=None, ge=8, le=1024)
    """Height and width in pixels that images are brought to before training, as LEMUR's transforms do (its
    default is 256); None leaves them as they are. Memory and time grow with its square. Part of the
    protocol's id only where set; for images of which a class or labels are said alone."""
    flip: bool = False
    """Whether every training image is mirrored, left to right, by chance. Part of the protocol's id only
    where set; for images of which a class or labels are said alone."""

    @field_validator("hyperparameters")
    @classmethod
    def _no_second_place_for_a_setting(cls, values: dict[str, float]) -> dict[str, float]:
        for name in values:
            if name.lower() in PROTOCOL_NAMES:
                raise ValueError(
                    f"'{name}' follows from other settings of the evaluator: set lr, momentum, dropout, "
                    "batch_size or epochs"
                )
        return values

    @property
    def on_gpu(self) -> bool:
        """Whether networks are trained on a GPU."""
        return self.device != "cpu"

    @property
    def backend(self) -> Literal["cpu", "cuda"]:
        """The device as torch knows it in a program's process, which sees one GPU at most."""
        return "cuda" if self.on_gpu else "cpu"

    @property
    def resident_limit(self) -> bool:
        """Whether memory is limited by looking at it."""
        return self.on_gpu if self.memory_limit is None else self.memory_limit == "resident"

    @field_validator("memory_limit")
    @classmethod
    def _a_driver_reserves_addresses(cls, limit: str | None, info: ValidationInfo) -> str | None:
        if limit == "address-space" and info.data.get("device") != "cpu":
            raise ValueError(
                "a GPU's driver reserves far more addresses than it uses: leave memory_limit out"
            )
        return limit

    def told(self, own: Iterable[Hyperparameter]) -> Self:
        """Return the settings for a program that brings hyperparameters along; the protocol's others hold."""
        values = {each.name: each.value for each in own}
        changed: dict[str, object] = {n: values.pop(n) for n in ("lr", "momentum", "dropout") if n in values}
        if "batch" in values:
            changed["batch_size"] = int(values.pop("batch"))
        others = {name: value for name, value in values.items() if name.lower() not in PROTOCOL_NAMES}
        return self.model_copy(update={**changed, "hyperparameters": self.hyperparameters | others})

    def prm(self, declared: Iterable[str]) -> dict[str, Value]:
        """Return a fresh `prm` for a program that declares these names, as LEMUR hands it over.

        It holds the protocol's values under their usual names, what `hyperparameters` sets, and one value for
        each further name.
        """
        epochs = ("epoch", "epoch_max", "epochs", "max_epochs", "num_epochs", "t_max")
        known: dict[str, Value] = {
            **dict.fromkeys(("lr", "learning_rate"), self.lr),
            **{"momentum": self.momentum, "dropout": self.dropout, "transform": self.transform},
            **dict.fromkeys(("batch", "batch_size"), self.batch_size),
            **dict.fromkeys(epochs, self.epochs),
        }
        by_name = DEFAULTS | known
        always = ("lr", "momentum", "dropout", "batch", "transform", "epoch", "epoch_max")
        values = {name: by_name.get(name.lower(), self.other_hyperparameters) for name in declared}
        return values | {name: known[name] for name in always} | self.hyperparameters

    @property
    def transform(self) -> str:
        """The name of what is done to the images, as LEMUR calls it: `norm`, `norm_64_flip`."""
        size = "" if self.resize is None else f"_{self.resize}"
        return f"norm{size}{'_flip' if self.flip else ''}"
