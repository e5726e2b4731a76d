"""The record of a decision: whether a candidate entered the corpus, and why. It does *not* decide."""

from __future__ import annotations

from enum import StrEnum

from corpus.records.base import Record, UnitInterval


class AdmissionReason(StrEnum):
    """Why a candidate was admitted to the corpus or not: the first that applies, in this order."""

    SEED = "SEED"
    """Admitted: it is part of the starting corpus."""
    INVALID = "INVALID"
    """Its evaluation is not COMPLETE."""
    EXACT_DUPLICATE = "EXACT_DUPLICATE"
    """The corpus, or this cycle, holds the same program (equal shingle sets)."""
    NEAR_DUPLICATE = "NEAR_DUPLICATE"
    """Its Jaccard similarity to a program of the corpus, or of this cycle, is at least tau."""
    DUPLICATE_STRUCTURE = "DUPLICATE_STRUCTURE"
    """The corpus, or this cycle, holds a program of another text that builds the same network."""
    DUPLICATE_KEY = "DUPLICATE_KEY"
    """The corpus, or this cycle, holds a program of the same point in the search space."""
    BELOW_THRESHOLD = "BELOW_THRESHOLD"
    """It is valid and new, but its score is below the threshold, fixed or relative."""
    ADMITTED = "ADMITTED"
    """Admitted: valid, new and strong."""
    IMPORTED = "IMPORTED"
    """Admitted: it was brought in from outside, so that novelty is judged against it."""

    @property
    def novel(self) -> bool:
        """Whether a sampled candidate was found valid and new, however strong."""
        return self in (AdmissionReason.BELOW_THRESHOLD, AdmissionReason.ADMITTED)


class Admission(Record):
    """The decision about one candidate.

    Attributes:
        candidate_id: The candidate.
        admitted: Whether it entered the corpus.
        reason: Why.
        nearest_id: The most similar program already there, None when nothing was compared.
        jaccard: Exact Jaccard similarity to it, None when nothing was compared.
        twin_id: The first program already there that builds the same network, None without one; known
            whether or not it decided.
    """

    candidate_id: str
    admitted: bool
    reason: AdmissionReason
    nearest_id: str | None = None
    jaccard: UnitInterval | None = None
    twin_id: str | None = None


class Neighbour(Record):
    """A program of the corpus and its exact Jaccard similarity to the program that was compared."""

    id: str
    jaccard: UnitInterval
