"""The rules by which winners are chosen from a pool of judged programs: pure functions of the pool.

Every rule chooses among the *valid and new*, so that a program that was copied teaches no more often than
one that was not. They do *not* read a ledger and draw nothing at random.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

from corpus.programs.families import block_families
from corpus.records.search.ideas import category_of
from corpus.records.search.trials import Trial
from cycles.config.teaching import Choice, Niche, TeachingConfig
from generator.ideas.marks import paths_shown
from generator.ideas.pool import shipped
from generator.ideas.told import read_told

SIZE_STEP = 4
"""Networks are of one size where their numbers of parameters lie within the same power of this."""


def winners(pool: Sequence[Trial], config: TeachingConfig) -> list[Trial]:
    """Return whom the rule of `config` chooses from `pool`, in the order of the pool."""
    if config.choose is Choice.THRESHOLD:
        return [row for row in pool if row.admission.admitted]
    new = [row for row in pool if row.admission.reason.novel]
    ranked = sorted(new, key=_accuracy, reverse=True)  # stable: of equals the earlier is first
    wanted = math.ceil(config.share * len(ranked))
    match config.choose:
        case Choice.RELATIVE:
            floor, lowered = config.floors(ranked[0].evaluation.metric) if ranked else (0.0, 0.0)
            chosen = [row for row in ranked[:wanted] if _accuracy(row) >= floor]
            if len(chosen) < config.few:
                chosen = [row for row in ranked if _accuracy(row) >= lowered]
        case Choice.SHARE:
            chosen = ranked[:wanted]
        case Choice.NICHES:
            eligible = ranked[: math.ceil(config.eligible * len(ranked))]
            chosen = in_turn(eligible, niches(eligible, config.niche))[:wanted]
    taken = {row.candidate.id for row in chosen}
    return [row for row in pool if row.candidate.id in taken]


def in_turn(ranked: Sequence[Trial], niches: Sequence[Hashable]) -> list[Trial]:
    """Return all rows, the best of each niche first, then the second best of each, and so on.

    Args:
        ranked: Rows, best first; within a turn they keep this order.
        niches: The niche of each.
    """
    places: dict[Hashable, int] = defaultdict(int)
    turns = []
    for name in niches:
        turns.append(places[name])
        places[name] += 1
    order = sorted(range(len(ranked)), key=lambda index: turns[index])
    return [ranked[index] for index in order]


def niches(rows: Sequence[Trial], notion: Niche) -> list[Hashable]:
    """Return the niche that each of the valid programs of a pool belongs to."""
    if notion is not Niche.SHOWN:
        return [_niche(row, notion) for row in rows]
    template = shipped().template.values()
    shown = [set(map(category_of, paths_shown(row.candidate.source or "", template))) for row in rows]
    known = Counter(category for each in shown for category in each)
    return [min(each, key=lambda name: (known[name], name), default=None) for each in shown]


def _niche(row: Trial, notion: Niche) -> Hashable:
    told = read_told(row.candidate.idea or "") if notion is Niche.IDEA else None
    if told is not None and told.path is not None:
        return category_of(told.path)
    families = block_families(row.candidate.source or "")
    if notion is not Niche.FAMILY_AND_SIZE:
        return families
    return families, int(math.log(max(1, row.evaluation.parameters or 1), SIZE_STEP))


def _accuracy(row: Trial) -> float:
    return row.evaluation.accuracy or 0.0
