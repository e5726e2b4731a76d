"""The records of exchange with others: which split a program is in, and where an imported one comes from.

This module does *not* import torch, open files or decide anything.
"""

from __future__ import annotations

from enum import StrEnum

from corpus.records.base import Record
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation

NO_LICENCE = "NOASSERTION"
"""The SPDX term for a licence that nobody stated."""


class Split(StrEnum):
    """The part of an export that a program is in; near-duplicates never lie in two of the first three."""

    TRAIN = "train"
    """For learning."""
    VALIDATION = "validation"
    """For choosing."""
    TEST = "test"
    """For measuring, at the end."""
    EXCLUDED = "excluded"
    """Held out: it is a link between near-duplicates that were in different splits before it came."""


class SplitAssignment(Record):
    """The frozen split of one program text.

    Attributes:
        text_id: Content address of the text, as in the ledger.
        group_id: The text id of the first program of its group of near-duplicates.
        split: Its split, for ever.
    """

    text_id: str
    group_id: str
    split: Split


class Provenance(Record):
    """Where an imported program comes from.

    Attributes:
        candidate_id: The candidate.
        source: Name of the collection: `lemur`, a folder's name, an export's name.
        location: The file (relative to the collection) or the id there.
        licence: SPDX expression, `NOASSERTION` where nobody stated one.
        imported_at: Time of the import, ISO 8601 in UTC.
    """

    candidate_id: str
    source: str
    location: str
    licence: str
    imported_at: str


class ImportedEvaluation(Record):
    """A figure that others measured: a claim, never comparable with ours.

    Attributes:
        evaluation: The figure; its protocol id starts with `imported:` and the collection's name.
        detail: The measurement in the words of its source, as JSON.
    """

    evaluation: Evaluation
    detail: str | None = None


class ImportedProgram(Record):
    """One program from outside, as it enters the ledger.

    Attributes:
        candidate: The program.
        provenance: Where it comes from.
        admitted: Whether novelty is judged against it from now on.
        evaluations: What others measured of it.
    """

    candidate: Candidate
    provenance: Provenance
    admitted: bool = True
    evaluations: tuple[ImportedEvaluation, ...] = ()
