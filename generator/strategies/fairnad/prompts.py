"""What the model is shown: a network, an idea, what became of the last attempts, and what was wrong.

No prompt names a data set or a benchmark. This module does *not* ask anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corpus.records.prompts import Message
from corpus.records.search.ideas import Idea
from generator.prompts.templates import ProgramRequest
from generator.strategies.wording import LONGEST_ENCODING, carried_on, network_lines

LONGEST_LANGUAGE = 4_000
"""Characters of what there is to know in order to write a network: mined modules may be hundreds."""

_SYSTEM = "You improve a neural network for image classification, one design idea at a time."


class Scene(NamedTuple):
    """What all questions about one child have in common.

    Attributes:
        request: What the run asks for.
        network: The parent, as its space writes it.
        accuracy: The parent's validation accuracy in [0, 1], None where it is not valid.
        statement: The idea in words.
    """

    request: ProgramRequest
    network: str
    accuracy: float | None
    statement: str

    def lines(self) -> list[str]:
        """Return them in words."""
        shown = network_lines(self.request, self.network, self.accuracy)
        return [*shown, f"Idea: {self.statement}"]


def writing_chat(
    scene: Scene, language: str, feedback: Sequence[str], wrong: tuple[str, str] | None = None
) -> tuple[Message, ...]:
    """Return the question for a whole network that carries out an idea.

    Args:
        scene: The parent and the idea.
        language: How networks are written.
        feedback: What became of the last attempts, one line each.
        wrong: What was answered before, and what was wrong with it; None at first.
    """
    lines = [
        language[:LONGEST_LANGUAGE],
        *scene.lines(),
        *(["Before:", *(f"- {line}" for line in feedback)] if feedback else []),
        "Answer with one line: the network with the idea carried out.",
    ]
    chat = (Message(role="system", content=_SYSTEM), Message(role="user", content="\n".join(lines)))
    if wrong is None:
        return chat
    answer, mistake = wrong
    again = f"That does not work: {mistake}. Answer with one line: the network, mended."
    return (
        *chat,
        Message(role="assistant", content=answer[:LONGEST_ENCODING] or "(nothing)"),
        Message(role="user", content=again),
    )


def choice_chat(scene: Scene, question: str, options: Sequence[str]) -> tuple[Message, ...]:
    """Return the question for one of several options."""
    lines = [*scene.lines(), f"{question} One of:", *(f"- {option}" for option in options)]
    return Message(role="system", content=_SYSTEM), Message(role="user", content="\n".join(lines))


def idea_chat(
    request: ProgramRequest, idea: Idea, wanted: str, options: Sequence[Idea]
) -> tuple[Message, ...]:
    """Return the question for the idea that is most similar, or opposite, to one that helped."""
    shape = request.shape
    lines = [
        f"Images {shape.channels} x {shape.height} x {shape.width}, {shape.classes} classes."
        f"{carried_on(request)}",
        f"This idea helped: {idea.statement}",
        f"Which of these is worth a try as one that is {wanted}?",
        *(f"- {option.id}: {option.statement}" for option in options),
    ]
    return Message(role="system", content=_SYSTEM), Message(role="user", content="\n".join(lines))
