"""A strategy around another one: its proposals are changed on the way out, its trials heard on the way in.

This module does *not* say what is changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from corpus.records.prompts import Prompt
from corpus.records.search.proposals import Proposal
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample
from generator.edits.asking import form_of
from generator.strategies.contract import Bench, Conversation, Strategy


class Change:
    """What is done to the proposals of one search: nothing, unless a subclass says so."""

    def changed(self, proposal: Proposal) -> Proposal:
        """Return a proposal as it is handed in."""
        return proposal

    def heard(self, trial: Trial) -> None:
        """Take in what became of one, in the order in which they were handed in."""


def whole_program(proposal: Proposal) -> Prompt | None:
    """Return the prompt of a proposal that asks for a whole program; None of an edit, or of a text.

    A prompt that asks for an edit ends with the program to change, so nothing can be said behind it.
    """
    prompt = proposal.program
    return prompt if isinstance(prompt, Prompt) and form_of(prompt) is None else None


class Wrapped(Strategy, ABC):
    """A strategy that is as its inner one but for a change; it goes by its name."""

    def __init__(self, inner: Strategy) -> None:
        self.inner = inner
        self.name = inner.name

    @abstractmethod
    def change(self, bench: Bench) -> Change:
        """Return what is done in one search."""

    def search(self, bench: Bench) -> Conversation:
        """Search as the inner strategy does."""
        change, conversation = self.change(bench), self.inner.search(bench)
        proposals = next(conversation, None)
        while proposals is not None:
            trials = yield [change.changed(each) for each in proposals]
            for trial in trials:
                change.heard(trial)
            try:
                proposals = conversation.send(trials)
            except StopIteration:
                return

    def lesson(self, trial: Trial, plain: TrainingExample) -> TrainingExample | None:
        """Return the inner strategy's lesson."""
        return self.inner.lesson(trial, plain)
