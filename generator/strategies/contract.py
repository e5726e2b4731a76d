"""The contract of search strategies: who decides what is tried next.

A strategy turns what was admitted into proposals. It does *not* sample, evaluate or admit, and it reaches
neither the ledger nor the evaluator: what it may know is passed to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from corpus.records.base import Record
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.prompts import Prompt


class Draft(Record):
    """A whole program that a strategy proposes without asking a model.

    Attributes:
        source: The program.
        author: What wrote it, such as `grammar-3`.
        seed: What it was drawn with.
    """

    source: str
    author: str
    seed: int


class AdmittedPrograms(Protocol):
    """What a strategy may ask the ledger."""

    def admitted(self) -> Sequence[tuple[Candidate, Evaluation | None]]:
        """Return the admitted candidates in their order, each with its evaluation where it has one."""
        ...


class Strategy(Protocol):
    """Proposes the candidates of a cycle: prompts for the model to answer, or programs."""

    name: str

    def propose(
        self, known: AdmittedPrograms | None, cycle: int, count: int, /
    ) -> Sequence[Prompt] | Sequence[Draft]:
        """Return `count` proposals for `cycle`; equal admitted programs and seeds give equal proposals.

        Without `known` programs prompts hold no exemplars.
        """
        ...
