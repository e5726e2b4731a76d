"""Which candidates teach the generator: winners, or those that a control puts in their place.

Selection reads scores on the validation split and admissions from the ledger; it never sees a test split.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from corpus.ledger.reader import Ledger
from corpus.records.base import derive_seed
from corpus.records.candidates import Candidate
from corpus.records.search.trials import Trial
from cycles.config.teaching import Pool, Teachers, TeachingConfig
from cycles.teachers.rules import winners


def training_set(
    ledger: Ledger, teaching: TeachingConfig, cycles: Sequence[int], seed: int
) -> list[Candidate]:
    """Return the candidates of `cycles` that the next fine-tuning learns from, in the ledger's order.

    RANDOM_VALID takes from each pool as many valid candidates at random as the rule chooses from it, so that
    both arms train on equally many programs and differ only in who chose them. NOBODY takes none.
    """
    chosen: list[Candidate] = []
    if teaching.by is Teachers.NOBODY:
        return chosen
    pools = [[cycle] for cycle in cycles] if teaching.pool is Pool.CYCLE else [list(cycles)]
    for pool in pools:
        judged = [row for cycle in pool for row in ledger.judged(cycle)]
        best = [row.candidate for row in winners(judged, teaching)]
        if teaching.by is Teachers.RANDOM_VALID:
            best = _random_valid(judged, len(best), derive_seed(seed, "random-valid", pool[-1]))
        chosen += best
    return chosen


def _random_valid(judged: Sequence[Trial], count: int, seed: int) -> list[Candidate]:
    distinct = {row.candidate.source: row.candidate for row in judged if row.evaluation.valid}
    pool = sorted(distinct.values(), key=_place)
    return sorted(random.Random(seed).sample(pool, min(count, len(pool))), key=_place)


def _place(candidate: Candidate) -> tuple[int, int]:
    return candidate.cycle or 0, candidate.index
