"""Prompt templates: a request for a program, rendered as chat messages, and the answer that is wanted.

`compact` is for the embedded model, whose context is short and which has learnt this one sentence; `instruct` is for real
code models and states the whole contract, with exemplars. No template names a benchmark: shapes say enough, and a
famous name would invite a memorised network.

This module does *not* choose exemplars (the strategy does) and does not tokenise (the sampler does).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from corpus.records import Message, Record, TaskShape

TemplateName = Literal["compact", "instruct"]


class ProgramRequest(Record):
    """What a prompt asks for.

    Attributes:
        shape: Image shape and number of classes.
        max_parameters: Cap on trainable parameters.
        target_accuracy: Validation accuracy in [0, 1] that the program should exceed.
    """

    shape: TaskShape
    max_parameters: int
    target_accuracy: float


def render(
    template: TemplateName, request: ProgramRequest, exemplars: Sequence[tuple[str, float]] = ()
) -> tuple[Message, ...]:
    """Return the chat for `request`; `exemplars` are pairs of a program and its validation accuracy."""
    shape = request.shape
    text = (
        f"{shape.channels}x{shape.height}x{shape.width} images, {shape.classes} classes, "
        f"at most {request.max_parameters} parameters, accuracy above {request.target_accuracy:.2f}"
    )
    if template == "instruct":
        raise NotImplementedError
    return (Message(role="user", content=text),)


def expected_completion(template: TemplateName, source: str) -> str:
    """Return the completion that an ideal model gives under `template`: the plain program, or a fenced block."""
    return source if template == "compact" else f"```python\n{source.rstrip()}\n```"
