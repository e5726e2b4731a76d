"""The record of a probed module: what it does to shapes under one setting of its arguments.

All of it but the times was said by the process that ran the module, so it is a claim: good enough to propose
a network with, no ground to admit one on. This module does *not* run anything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from corpus.records.base import Record


class ChannelRelation(StrEnum):
    """How the channels that leave a module follow from those that enter it."""

    SAME = "same"
    """As many leave as enter, whatever their number; an argument may have to name it."""
    FREE = "free"
    """An argument sets how many leave, whatever enters."""
    GROUPED = "grouped"
    """As SAME or FREE, but for numbers that a divisor divides alone."""
    MULTIPLE = "multiple"
    """A fixed multiple of what enters leaves."""
    OTHER = "other"
    """None of these."""


class Layout(StrEnum):
    """Where the channels of images `(B, C, H, W)` are to stand for a module; programs wrap it accordingly."""

    FIRST = "first"
    """`(B, C, H, W)`."""
    LAST = "last"
    """`(B, H, W, C)`."""
    TOKENS = "tokens"
    """`(B, H * W, C)`: each pixel is a token."""


class ModuleProbe(Record):
    """What one module does under one setting.

    Attributes:
        module_id: The mined module.
        setting: Its constructor's arguments by name, JSON values. `"$in"` and `"$out"` stand for the number
            of channels that enter, and that shall leave, `"$in/4"` for a quarter of what enters, `"$nn.ReLU"`
            for a class of `torch.nn`.
        failure: Why it cannot be used so, one line; None where it can. The rest says nothing where it cannot.
        rank: Dimensions of the tensor that it takes, the batch included: 4 for images, however they are laid
            out, 2 for features.
        layout: How it takes images, and gives them back.
        channels: How channels follow.
        divisor: Of `channels`: what must divide them, for GROUPED; else 1.
        multiple: Of `channels`: the factor, for MULTIPLE; else 1.
        stride: By how much each side shrinks: 1 where sides stay, 2 where `ceil(side / 2)` is left. 0 where
            neither holds at every larger side tried: such a module fits no tree.
        smallest_side: The smallest side at which that was seen to hold.
        parameters: Trainable parameters at `probe_channels`.
        formula: By which the parameters follow from channels `i` that enter and `o` that leave: what belongs
            to 1, i, o, i * i, i * o and o * o. None where no such formula was true of every number counted.
        flops: Forward FLOPs for one image at `probe_channels` and `probe_side`, where counted.
        probe_channels: Channels that entered, and that left, when it was measured.
        probe_side: Height and width of the images that entered.
        deterministic: Whether two forward passes in evaluation mode gave the same.
        dtype: Of what left: `float32`.
        structure: Hash of the recorded graph (`corpus.programs.structure`): equal for settings, of this or of
            another module, that compute the same. None where there is no graph.
        seconds: Wall time of the probe.
    """

    module_id: str
    setting: dict[str, JsonValue]
    failure: Annotated[str | None, Field(max_length=500)] = None
    rank: int = 4
    layout: Layout = Layout.FIRST
    channels: ChannelRelation = ChannelRelation.OTHER
    divisor: int = Field(default=1, ge=1)
    multiple: int = Field(default=1, ge=1)
    stride: int = Field(default=1, ge=0)
    smallest_side: int = Field(default=1, ge=1)
    parameters: int | None = Field(default=None, ge=0)
    formula: tuple[float, float, float, float, float, float] | None = None
    flops: int | None = Field(default=None, ge=0)
    probe_channels: tuple[int, int] | None = None
    probe_side: int | None = None
    deterministic: bool | None = None
    dtype: str | None = None
    structure: str | None = None
    seconds: float = Field(default=0.0, ge=0.0)

    @property
    def usable(self) -> bool:
        """Whether it can stand in a tree of modules over images."""
        return (
            self.failure is None
            and self.rank == 4
            and self.channels is not ChannelRelation.OTHER
            and self.stride > 0
            and bool(self.deterministic)
            and self.dtype == "float32"
        )
