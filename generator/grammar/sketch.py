"""A network under construction: its steps so far, and the size, width and parameters that they leave.

This module does *not* choose layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from corpus.records.tasks.shape import TaskShape
from generator.grammar.block import draw_width
from generator.grammar.derivation import Choices
from generator.grammar.layers import Step, size_after
from generator.grammar.vocabulary import WIDTHS, Taste


@dataclass
class Sketch:
    """A network under construction: the steps so far and what the last one leaves.

    Attributes:
        shape: The task.
        taste: The program's preferences.
        choices: Makes all choices.
        channels: Channels (or features, once flat) that the last step leaves.
        height: Rows that it leaves.
        width: Columns that it leaves.
        steps: The steps.
        families: Block families used, in order.
        parameters: Trainable parameters so far.
    """

    shape: TaskShape
    taste: Taste
    choices: Choices
    channels: int
    height: int
    width: int
    steps: list[Step] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    parameters: int = 0

    @property
    def bindings(self) -> Mapping[str, int]:
        """Values of the shape expressions that a program may use in place of literals."""
        return {"in_shape[1]": self.shape.channels, "out_shape[0]": self.shape.classes}

    @property
    def side(self) -> int:
        """The shorter side."""
        return min(self.height, self.width)

    def add(self, *steps: Step) -> None:
        """Append `steps` and count their parameters."""
        self.steps += steps
        self.parameters += sum(step.count(self.bindings) for step in steps)

    def shrink(self, kernel: int, stride: int, padding: int) -> None:
        """Track a window that moves over the image."""
        self.height = size_after(self.height, kernel, stride, padding)
        self.width = size_after(self.width, kernel, stride, padding)

    def finish(self) -> None:
        """Append normalisation and activation for the present channels."""
        self.add(*self.taste.norm(str(self.channels)), self.taste.act())

    def next_width(self) -> int:
        """Choose the next number of channels."""
        return self.choices.draw("width", list(WIDTHS), lambda rng: draw_width(rng, self.channels))
