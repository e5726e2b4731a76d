"""What goes into a network and what has to come out of it. This module does *not* know any task."""

from __future__ import annotations

from math import isqrt
from typing import Self

from pydantic import Field, model_validator

from corpus.records.base import Record
from corpus.records.tasks.kinds import TaskKind


class TaskShape(Record):
    """What a program must know of a task: images or signals in, `classes` scores out.

    Attributes:
        channels: Channels of an input.
        height: Height of an image in pixels; 1 for a signal.
        width: Width of an image in pixels, or length of a signal in steps.
        classes: Number of classes, of labels, or of numbers at a position: the first axis of an answer.
        kind: What is asked.
        signal: Whether inputs are one-dimensional: `(C, L)`.
    """

    channels: int = Field(ge=1)
    height: int = Field(ge=1)
    width: int = Field(ge=1)
    classes: int = Field(ge=1)
    kind: TaskKind = TaskKind.SINGLE_LABEL
    signal: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.classes < 2 and self.kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION):
            raise ValueError("there are at least two classes to tell apart")
        if self.signal and self.height != 1:
            raise ValueError("a signal has a length alone: its height is 1")
        return self

    @property
    def positions(self) -> tuple[int, ...]:
        """Axes of an input without its channels: `(H, W)`, or `(L,)` of a signal."""
        return (self.width,) if self.signal else (self.height, self.width)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input: `(C, H, W)`, or `(C, L)` of a signal."""
        return (self.channels, *self.positions)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of a network's answer to one input: `(K,)`, or `(K, H, W)` and `(K, L)` where it is dense."""
        return (self.classes, *self.positions) if self.kind.dense else (self.classes,)

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Shape of one target: that of the answer, without the classes where one of them is named."""
        named = self.kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION)
        return self.output_shape[1:] if named else self.output_shape

    @property
    def plain(self) -> bool:
        """Whether it is what LEMUR knows: images, of each its class."""
        return self.kind is TaskKind.SINGLE_LABEL and not self.signal

    @property
    def of_whole_images(self) -> bool:
        """Whether what is said is said of a whole image, so that the image may be moved or mirrored."""
        return not (self.signal or self.kind.dense)

    @property
    def picture(self) -> TaskShape:
        """The plain task that a network for this one may be built from: a signal is folded into a picture,
        as high as its length can be divided and no higher than wide; classes are as many, two at least.
        """
        height, width = self.height, self.width
        if self.signal:
            height = next(each for each in range(isqrt(width), 0, -1) if width % each == 0)
            width //= height
        return TaskShape(channels=self.channels, height=height, width=width, classes=max(2, self.classes))
