"""Which candidates teach the generator: winners, or those that a control puts in their place.

Selection reads validation accuracies and admissions from the ledger; it never sees a test split.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from corpus.ledger.reader import Ledger
from corpus.records.admissions import AdmissionReason
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.search.trials import Trial
from cycles.config.teaching import Teachers


def training_set(ledger: Ledger, teachers: Teachers, cycles: Iterable[int], seed: int) -> list[Candidate]:
    """Return the candidates of `cycles` that the next fine-tuning learns from, in the ledger's order.

    RANDOM_VALID takes, from each cycle, as many valid candidates at random as that cycle admitted, so that
    both arms train on equally many programs and differ only in who chose them. NOBODY takes none.
    """
    chosen: list[Candidate] = []
    if teachers is Teachers.NOBODY:
        return chosen
    for cycle in cycles:
        judged = ledger.judged(cycle)
        winners = [row.candidate for row in judged if row.admission.reason is AdmissionReason.ADMITTED]
        if teachers is Teachers.RANDOM_VALID:
            winners = _random_valid(judged, len(winners), derive_seed(seed, "random-valid", cycle))
        chosen += winners
    return chosen


def _random_valid(judged: Sequence[Trial], count: int, seed: int) -> list[Candidate]:
    distinct = {row.candidate.source: row.candidate for row in judged if row.evaluation.valid}
    pool = sorted(distinct.values(), key=lambda candidate: candidate.index)
    return sorted(random.Random(seed).sample(pool, min(count, len(pool))), key=lambda c: c.index)
