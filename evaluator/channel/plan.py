"""What a process that judges programs must know of the protocol and of the data.

This module does *not* hold data: inputs and targets travel by other ways, validation targets not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from pydantic import BaseModel, ConfigDict

from corpus.records.search.hyperparameters import Hyperparameter
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.layout import INPUT_BYTES, InputType, target_bytes
from evaluator.channel.proxy_config import ProxyConfig
from evaluator.channel.stopping import StopRule

_ALIGNMENT = 8
_FLOAT_BYTES = 4
_CLASS_BYTES = 8

KEPT_SHARE = 0.1
"""Share of the training split that a program may keep, for logs and looks; a tenth is no memory to answer
from."""


class Plan(BaseModel):
    """What a zygote and its children know of the protocol and of the data.

    Attributes:
        config: How to train, and the limits.
        shape: Kind of task, shape of inputs, number of classes.
        train_images: Number of training examples.
        mean: Mean of each channel: of uint8 inputs in [0, 1], of float32 in their own unit.
        std: Standard deviation of each channel, likewise.
        inputs: Type of the inputs' numbers.
        stop: When this training is ended early; None, as in a zygote, for never.
        transforms: What is done to the training images of this program, by strength; none in a zygote.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: ProxyConfig
    shape: TaskShape
    train_images: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    inputs: InputType = "uint8"
    stop: StopRule | None = None
    transforms: dict[str, float] = {}

    def on_cpu(self) -> Plan:
        """Return the plan without a GPU: for what has no use for one, and for a process that is to fork."""
        return self.model_copy(update={"config": self.config.model_copy(update={"device": "cpu"})})

    def for_one(
        self,
        stop: StopRule | None,
        own: Iterable[Hyperparameter] = (),
        transforms: Iterable[Hyperparameter] = (),
    ) -> Plan:
        """Return the plan for one program: when its training is ended early, and what it brings along."""
        strengths = {each.name: each.value for each in transforms}
        return self.model_copy(
            update={"stop": stop, "config": self.config.told(own), "transforms": strengths}
        )

    @property
    def input_numbers(self) -> int:
        """How many numbers one input has."""
        return prod(self.shape.input_shape)

    @property
    def inputs_bytes(self) -> int:
        """Bytes of all training inputs, as they lie in the file of the training split."""
        return self.train_images * self.input_numbers * INPUT_BYTES[self.inputs]

    @property
    def drawn_images(self) -> int:
        """Examples that a program is handed for training in all, over the protocol's epochs."""
        return self.train_images * self.config.epochs

    @property
    def max_kept_bytes(self) -> int:
        """Bytes that a program may hold of what it learnt from: a share of the inputs, and a log of answers.

        The inputs count as it gets them, in float32; the log is the scores of each, its target and the class
        or labels that were predicted. Of answers for every position a log would be as large as the split:
        there a share of the targets may be kept, and two numbers for each example.
        """
        inputs = self.train_images * self.input_numbers * _FLOAT_BYTES
        target = target_bytes(self.shape)
        if self.shape.kind.dense:
            log = int(KEPT_SHARE * self.train_images * target) + self.train_images * 2 * _CLASS_BYTES
        else:
            log = self.train_images * (self.shape.classes * _FLOAT_BYTES + 2 * target)
        return int(KEPT_SHARE * inputs) + log

    @property
    def targets_offset(self) -> int:
        """Where the targets begin in the file of the training split: at a multiple of their size."""
        return targets_offset(self.inputs_bytes)


def targets_offset(inputs_bytes: int) -> int:
    """Return where targets begin that follow so many bytes of inputs."""
    return -(-inputs_bytes // _ALIGNMENT) * _ALIGNMENT
