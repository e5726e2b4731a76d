"""Which of two answers to one prompt is the better one: the pairs that preference tuning learns from.

This module does *not* gather the answers to a prompt: an export does, and the teaching of a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation

DEFAULT_MARGIN = 0.1
"""Difference in accuracy, or in another metric's score, from which one answer counts as better; one seed's
noise on digits is about 0.07."""


class PreferenceKind(StrEnum):
    """What makes the chosen answer the better one."""

    VALIDITY = "validity"
    """It is valid and the other is not."""
    ACCURACY = "accuracy"
    """Both are valid, and its accuracy, or score by another metric, is higher by the margin or more."""


class Answer(NamedTuple):
    """A candidate that answered a prompt, and its judgement."""

    candidate: Candidate
    evaluation: Evaluation


class Preference(NamedTuple):
    """Two answers to one prompt, judged under one protocol.

    Attributes:
        chosen: The better one.
        rejected: The other.
        kind: What makes it the better one.
        margin: Difference of their scores, None where the other has none.
    """

    chosen: Answer
    rejected: Answer
    kind: PreferenceKind
    margin: float | None


def paired(answers: Sequence[Answer], margin: float = DEFAULT_MARGIN) -> Iterator[Preference]:
    """Yield pairs of answers to one prompt: valid over invalid, then the better over the worse by `margin`.

    The best is paired with the worst, the second best with the second worst, and so on.
    """
    valid = sorted(
        (row for row in answers if row.evaluation.valid), key=lambda row: -(row.evaluation.accuracy or 0.0)
    )
    invalid = [row for row in answers if not row.evaluation.valid]
    for chosen, rejected in zip(valid, invalid, strict=False):
        yield Preference(chosen, rejected, PreferenceKind.VALIDITY, None)
    for better, worse in zip(valid[: len(valid) // 2], reversed(valid), strict=False):
        difference = (better.evaluation.accuracy or 0.0) - (worse.evaluation.accuracy or 0.0)
        if difference >= margin:
            yield Preference(better, worse, PreferenceKind.ACCURACY, difference)
