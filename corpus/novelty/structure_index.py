"""Which networks the corpus has already: every admitted program, by the hash of its structure.

Two programs are twins if they build the same network, whatever their texts. Programs without a recorded graph
have no twins; those of the starting corpus have none either, as long as nobody has evaluated them.

This module does *not* decide on admission (`corpus.novelty.gate`) or compare texts (`corpus.novelty`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from corpus.programs.structure import STRUCTURE_VERSION, structure_of
from corpus.records.evaluations import Evaluation

if TYPE_CHECKING:
    from corpus.ledger.reader import Ledger


class StructureIndex:
    """The first admitted program of every network."""

    def __init__(self) -> None:
        """Start empty."""
        self._first: dict[str, str] = {}

    @classmethod
    def from_ledger(cls, ledger: Ledger) -> Self:
        """Return the index over all programs that `ledger` has admitted, in their order."""
        index = cls()
        for identifier, structure, version in ledger.admitted_structures():
            if version != STRUCTURE_VERSION:  # hashed under another definition: the graph tells
                structure = structure_of(ledger.graph(structure)).exact
            index._first.setdefault(structure, identifier)
        return index

    def __len__(self) -> int:
        return len(self._first)

    def add(self, evaluation: Evaluation) -> None:
        """Put the network of an admitted program into the index, if it is known and new."""
        structure = _structure(evaluation)
        if structure is not None:
            self._first.setdefault(structure, evaluation.candidate_id)

    def twin(self, evaluation: Evaluation) -> str | None:
        """Return the first admitted program that builds the same network, None without one."""
        structure = _structure(evaluation)
        return None if structure is None else self._first.get(structure)


def _structure(evaluation: Evaluation) -> str | None:
    """Return the exact hash: of the graph where it is at hand, else the one that the ledger computed."""
    return structure_of(evaluation.graph).exact if evaluation.graph else evaluation.structure
