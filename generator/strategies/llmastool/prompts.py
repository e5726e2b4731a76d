"""What the model is shown: one network, one operation, and the options of one choice.

No prompt names a data set or a benchmark. This module does *not* ask anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corpus.records.prompts import Message
from generator.prompts.templates import ProgramRequest
from generator.strategies.wording import network_lines

_SYSTEM = "You improve a neural network for image classification, one edit at a time."
_ASKED = {
    "location": "Where in the network",
    "module": "Which module, block or argument",
    "arguments": "With which settings",
}


class Scene(NamedTuple):
    """What all questions about one child have in common.

    Attributes:
        encoding: The parent, as its space writes it.
        accuracy: The parent's validation accuracy in [0, 1], None where it is not valid.
        edit: What the operation does, in words.
    """

    encoding: str
    accuracy: float | None
    edit: str


def choice_chat(
    request: ProgramRequest,
    scene: Scene,
    settled: Sequence[tuple[str, str]],
    what: str,
    options: Sequence[str],
) -> tuple[Message, ...]:
    """Return the question for one choice.

    Args:
        request: The task.
        scene: The parent and the operation.
        settled: What was chosen before, as pairs of `location` or `module` and the choice.
        what: What is to be chosen.
        options: Among what.
    """
    lines = [
        *network_lines(request, scene.encoding, scene.accuracy),
        f"Edit: {scene.edit}.",
        *(f"{name.capitalize()}: {taken}." for name, taken in settled if taken),
        f"{_ASKED[what]}? One of:",
        *(f"- {option}" for option in options),
    ]
    return Message(role="system", content=_SYSTEM), Message(role="user", content="\n".join(lines))
