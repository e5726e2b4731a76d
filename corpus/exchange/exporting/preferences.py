"""Rows for preference tuning: pairs for DPO, labelled answers for KTO, in TRL's formats.

Two answers form a pair only if they answer word for word the same prompt, were judged under one protocol and
lie in one split. Every answer stands in at most one pair of each kind, so that no lucky prompt or single
failure dominates. This module does *not* compare accuracies of different protocols, and takes no accuracy
that was imported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from corpus.exchange.exporting.columns import PreferenceKind, PreferenceRow, UnpairedPreferenceRow
from corpus.exchange.exporting.tables import Tables, answer
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.exchange import Split
from corpus.records.prompts import Message

DEFAULT_MARGIN = 0.1
"""Difference in accuracy, or in another metric's score, from which one answer counts as better; one seed's
noise on digits is about 0.07."""


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


class _Key(NamedTuple):
    prompt: tuple[Message, ...]
    protocol_id: str
    split: Split


def unpaired_preferences(
    tables: Tables, evaluations: Sequence[Evaluation]
) -> Iterator[UnpairedPreferenceRow]:
    """Yield every judged answer with whether it is valid."""
    for key, answers in _by_prompt(tables, evaluations).items():
        for candidate, evaluation in answers:
            yield UnpairedPreferenceRow(
                candidate_id=candidate.id,
                prompt=key.prompt,
                completion=answer(candidate),
                label=evaluation.valid,
                protocol_id=key.protocol_id,
                split=key.split,
            )


def preferences(
    tables: Tables, evaluations: Sequence[Evaluation], margin: float = DEFAULT_MARGIN
) -> Iterator[PreferenceRow]:
    """Yield the pairs of each prompt; see `paired`."""
    for key, answers in _by_prompt(tables, evaluations).items():
        for pair in paired(answers, margin):
            yield PreferenceRow(
                prompt=key.prompt,
                chosen=answer(pair.chosen.candidate),
                rejected=answer(pair.rejected.candidate),
                kind=pair.kind,
                margin=pair.margin,
                protocol_id=key.protocol_id,
                chosen_id=pair.chosen.candidate.id,
                rejected_id=pair.rejected.candidate.id,
                split=key.split,
            )


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


def _by_prompt(tables: Tables, evaluations: Sequence[Evaluation]) -> dict[_Key, list[Answer]]:
    answers: defaultdict[_Key, list[Answer]] = defaultdict(list)
    for evaluation in evaluations:
        candidate = tables.candidates[evaluation.candidate_id]
        prompt = tables.prompt_of(candidate)
        if prompt is not None:
            key = _Key(prompt.messages, evaluation.protocol_id, tables.split_with_prompt(candidate))
            answers[key].append(Answer(candidate, evaluation))
    return answers
