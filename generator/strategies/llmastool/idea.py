"""An edit in words, as it stands beside its candidate: the arm, and each choice with what a model said.

    swap, reverse: location stage 2, 3: conv (of 6), model said stem, 1: conv; module depthwise (the only one)
    widen, minimal, again: location stage 2 (of 3); module it alone (of 2), model said it alone

The beliefs of a run's planner, its model's share and its adherence are read from these texts alone. This
module does *not* make edits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.strategies.llmastool.planner import Arm, Category

_HEAD = re.compile(r"([\w-]{1,60}), (\w{1,20})(, again)?(?:: (.*))?", re.DOTALL)
_CHOICE = re.compile(
    r"(location|module|arguments) (.*?) \((?:of (\d{1,6})|the only one)\)(?:, model said (.*))?", re.DOTALL
)
_BETWEEN = "; "


@dataclass(frozen=True)
class Choice:
    """One thing that was settled on the way to a child.

    Attributes:
        what: `location`, `module` or `arguments`.
        taken: What was taken.
        of: How many options there were.
        said: What the model named, None where no model was asked or none answered.
    """

    what: str
    taken: str
    of: int
    said: str | None = None


@dataclass(frozen=True)
class Idea:
    """One edit.

    Attributes:
        arm: The operation and the prompt category.
        repeated: Whether it was done again after its success.
        choices: What was settled, in its order; empty where no child came of it.
    """

    arm: Arm
    repeated: bool = False
    choices: tuple[Choice, ...] = ()

    def text(self) -> str:
        """Return it in words."""
        head = f"{self.arm.operation}, {self.arm.category}{', again' if self.repeated else ''}"
        said = _BETWEEN.join(map(_said, self.choices))
        return f"{head}: {said}" if said else head


def read_idea(text: str) -> Idea | None:
    """Return the edit that `Idea.text` wrote, None for any other text."""
    head = _HEAD.fullmatch(text)
    if head is None or head[2] not in set(Category):
        return None
    found = [_CHOICE.fullmatch(part) for part in head[4].split(_BETWEEN)] if head[4] else []
    choices = tuple(
        Choice(each[1], each[2], int(each[3] or 1), each[4]) for each in found if each is not None
    )
    if len(choices) < len(found):
        return None
    return Idea(Arm(head[1], Category(head[2])), bool(head[3]), choices)


def plain(words: str) -> str:
    """Return the words of a choice as they may stand in an idea."""
    return words.replace(_BETWEEN, ";")


def _said(choice: Choice) -> str:
    said = "" if choice.said is None else f", model said {choice.said}"
    options = "the only one" if choice.of == 1 else f"of {choice.of}"
    return f"{choice.what} {choice.taken} ({options}){said}"
