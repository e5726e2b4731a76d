"""Who deters: whose answers the generator is led away from under a loss that compares answers.

    kto   those who teach are desirable, those who deter are not
    dpo   who teaches is preferred to who deters, where both answered word for word the same prompt

Pairs are those of `corpus.exchange.pairs`, the same that an export writes. This module does
*not* choose who teaches (`cycles.teachers.selection` does) or word an answer, and draws nothing at random.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from corpus.exchange.pairs import Answer, paired
from corpus.records.prompts import FinishReason
from corpus.records.search.trials import Trial
from corpus.records.trainings import TrainingExample
from cycles.config.teaching import Against, Teachers, TeachingConfig


def deterring(judged: Sequence[Trial], taught: Collection[str], teaching: TeachingConfig) -> list[Trial]:
    """Return the trials whose answers are to become less likely, in the order of `judged`.

    Args:
        judged: All trials of the cycles that are learnt from.
        taught: Ids of the candidates that teach.
        teaching: Who deters. An answer that the model did not give, for example since a server refused the
            prompt, deters nobody, nor does an empty one.
    """
    against = Against.INVALID if teaching.by is Teachers.RANDOM_VALID else teaching.against
    chosen: set[str] = set()
    if against is not Against.WEAKEST:
        chosen |= {row.candidate.id for row in judged if not row.evaluation.valid and _answered(row)}
    if against is not Against.INVALID:
        others = [row for row in judged if row.admission.reason.novel and row.candidate.id not in taught]
        weakest = sorted(others, key=lambda row: row.evaluation.accuracy or 0.0)[: len(taught)]
        chosen |= {row.candidate.id for row in weakest}
    return [row for row in judged if row.candidate.id in chosen]


def pairs(
    trials: Sequence[Trial], taught: Collection[str], lessons: Mapping[str, TrainingExample]
) -> list[tuple[str, str]]:
    """Return who is preferred to whom, by candidate, sorted.

    Args:
        trials: Who teaches, and who deters.
        taught: Ids of those who teach.
        lessons: What each teaches or deters from, by candidate; who is not among them has no part.
    """
    answers: defaultdict[tuple[object, str], list[Answer]] = defaultdict(list)
    for trial in trials:
        lesson = lessons.get(trial.candidate.id)
        if lesson is not None:
            answers[lesson.prompt, trial.evaluation.protocol_id].append(
                Answer(trial.candidate, trial.evaluation)
            )
    found = [
        (pair.chosen.candidate.id, pair.rejected.candidate.id)
        for group in answers.values()
        for pair in paired(group)
    ]
    return sorted(pair for pair in found if pair[0] in taught and pair[1] not in taught)


def _answered(row: Trial) -> bool:
    candidate = row.candidate
    return bool(candidate.completion) and candidate.finish_reason is not FinishReason.REFUSED
