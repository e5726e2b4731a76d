"""The record of a proposal: what a search hands in to be judged. This module does *not* judge."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from corpus.records.base import Record
from corpus.records.prompts import Prompt
from corpus.records.search.hyperparameters import Hyperparameter


class DecidedBy(StrEnum):
    """Who made a decision."""

    MODEL = "model"
    """A language model."""
    RULE = "rule"
    """A fixed rule, over what is known so far."""
    CHANCE = "chance"
    """A seeded draw."""


class Decision(Record):
    """One thing that was decided on the way to a proposal.

    Attributes:
        what: What was decided, in the strategy's words: `program`, `parent`, `operator`.
        by: Who decided it.
    """

    what: str
    by: DecidedBy


class Proposal(Record):
    """What a strategy hands in: one candidate, written or still to be written.

    Attributes:
        program: A program's text; or a prompt, whose answer is the program; None where nothing legal came
            out, which is charged all the same.
        author: What wrote a program's text: `grammar-1`, `cells-1`; of a prompt's answer the model is.
        call: The recorded call that wrote the text, None where none did.
        key: Identity of the point in a search space, which decides on novelty; None outside of spaces.
        parents: Ids of the candidates that it was derived from.
        operator: The kind of step that led to it: `sample`, `mutate`.
        idea: What it tries, in a few words; None where nothing was said.
        decisions: What was decided, and by whom.
        seed: What a program's text was drawn with, None where nothing was drawn.
        hyperparameters: What its program is trained with in place of the protocol's.
        transforms: What is done to the images that it is trained on, by strength.
    """

    program: str | Prompt | None
    author: str = ""
    call: str | None = None
    key: str | None = None
    parents: tuple[str, ...] = ()
    operator: str = ""
    idea: str | None = None
    decisions: tuple[Decision, ...] = ()
    seed: int | None = None
    hyperparameters: tuple[Hyperparameter, ...] = ()
    transforms: tuple[Hyperparameter, ...] = ()

    def provenance(self) -> dict[str, Any]:
        """Return the fields of a candidate that say how the search came to it."""
        return {
            "call_id": self.call,
            "key": self.key,
            "parents": self.parents,
            "operator": self.operator,
            "idea": self.idea,
            "decisions": self.decisions,
            "hyperparameters": self.hyperparameters,
            "transforms": self.transforms,
        }
