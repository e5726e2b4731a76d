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

from corpus.exchange.exporting.columns import PreferenceRow, UnpairedPreferenceRow
from corpus.exchange.exporting.tables import Tables
from corpus.exchange.pairs import DEFAULT_MARGIN, Answer, paired
from corpus.records.chats import question
from corpus.records.evaluations import Evaluation
from corpus.records.exchange import Split
from corpus.records.prompts import Message


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
                completion=tables.answer_of(candidate),
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
                chosen=tables.answer_of(pair.chosen.candidate),
                rejected=tables.answer_of(pair.rejected.candidate),
                kind=pair.kind,
                margin=pair.margin,
                protocol_id=key.protocol_id,
                chosen_id=pair.chosen.candidate.id,
                rejected_id=pair.rejected.candidate.id,
                split=key.split,
            )


def _by_prompt(tables: Tables, evaluations: Sequence[Evaluation]) -> dict[_Key, list[Answer]]:
    answers: defaultdict[_Key, list[Answer]] = defaultdict(list)
    for evaluation in evaluations:
        candidate = tables.candidates[evaluation.candidate_id]
        prompt = tables.prompt_of(candidate)
        if prompt is not None:
            key = _Key(question(prompt.messages), evaluation.protocol_id, tables.split_with_prompt(candidate))
            answers[key].append(Answer(candidate, evaluation))
    return answers
