"""The contract of search strategies: who decides what the generator is asked for next.

A strategy turns what was admitted into prompts. It does *not* sample, evaluate or admit, and it reaches
neither the ledger nor the evaluator: what it may know is passed to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.prompts import Prompt


class AdmittedPrograms(Protocol):
    """What a strategy may ask the ledger."""

    def admitted(self) -> Sequence[tuple[Candidate, Evaluation | None]]:
        """Return the admitted candidates in their order, each with its evaluation where it has one."""
        ...


class Strategy(Protocol):
    """Proposes the prompts of a cycle."""

    name: str

    def propose(self, known: AdmittedPrograms | None, cycle: int, count: int) -> list[Prompt]:
        """Return `count` prompts for `cycle`; equal admitted programs and seeds give equal prompts.

        Without `known` programs the prompts hold no exemplars.
        """
        ...
