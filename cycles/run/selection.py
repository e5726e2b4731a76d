"""Which candidates teach the generator: the one place where the loop and its control arms differ.

Selection reads validation accuracies and admissions from the ledger; it never sees a test split.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import Judged
from corpus.records.admissions import AdmissionReason
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from cycles.config.run import Control


def training_set(ledger: Ledger, control: Control, cycles: Sequence[int], seed: int) -> list[Candidate]:
    """Return the candidates of `cycles` that the next fine-tuning learns from, in the ledger's order.

    The closed loop takes the admitted winners. RANDOM_VALID takes, from each cycle, as many valid
    candidates at random as that cycle admitted, so that both arms train on equally many programs and differ
    only in who chose them.
    """
    chosen: list[Candidate] = []
    for cycle in cycles:
        judged = ledger.judged(cycle)
        winners = [row.candidate for row in judged if row.admission.reason is AdmissionReason.ADMITTED]
        if control is Control.RANDOM_VALID:
            winners = _random_valid(judged, len(winners), derive_seed(seed, "random-valid", cycle))
        chosen += winners
    return chosen


def _random_valid(judged: Sequence[Judged], count: int, seed: int) -> list[Candidate]:
    distinct = {row.candidate.source: row.candidate for row in judged if row.evaluation.valid}
    pool = sorted(distinct.values(), key=lambda candidate: candidate.index)
    return sorted(random.Random(seed).sample(pool, min(count, len(pool))), key=lambda c: c.index)
