"""What becomes of a proposal, failures included. This module does *not* judge."""

from __future__ import annotations

from typing import NamedTuple

from corpus.records.admissions import Admission
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation


class Trial(NamedTuple):
    """A candidate with the evaluation and the admission that settled it."""

    candidate: Candidate
    evaluation: Evaluation
    admission: Admission

    @property
    def accuracy(self) -> float | None:
        """Validation accuracy in [0, 1], None where the candidate is not valid."""
        return self.evaluation.accuracy if self.evaluation.valid else None
