"""How diverse a set of programs is: figures that show whether a generator narrows.

Pure functions of programs, built on the one definition of similarity. Whoever wants several figures of very
many programs takes `traits` of each, in which a program is parsed once, and no text is kept. These figures
do *not* judge quality, and none of them takes part in any decision.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from math import comb, log2
from statistics import fmean, median
from typing import NamedTuple

from corpus.novelty.similarity import ShingleArray, Shingler, jaccards
from corpus.programs.families import FAMILIES, block_families
from corpus.programs.tokens import canonical_tokens
from corpus.records.base import content_id

__all__ = [
    "FAMILIES",
    "Traits",
    "block_families",
    "entropy_bits",
    "mean_length",
    "median_jaccard",
    "skeleton",
    "traits",
    "unique_share",
]


def skeleton(source: str) -> str:
    """Return a program without its numbers and its own names: what two programs of one design share."""
    return " ".join(canonical_tokens(source, mask_numbers=True))


class Traits(NamedTuple):
    """What the figures need of one program.

    Attributes:
        shingles: Its shingle set.
        design: The address of its skeleton, equal for equal skeletons.
        families: The block families that it uses.
    """

    shingles: ShingleArray
    design: str
    families: frozenset[str]


def traits(source: str, shingler: Shingler) -> Traits:
    """Return what the figures need of a program."""
    return Traits(shingler.array(source), content_id(skeleton(source)), block_families(source))


def unique_share(designs: Collection[str]) -> float:
    """Return the number of distinct designs per program, in (0, 1]; 0 without programs."""
    return len(set(designs)) / len(designs) if designs else 0.0


def median_jaccard(sets: Sequence[ShingleArray], *, max_pairs: int = 20_000, seed: int = 0) -> float | None:
    """Return the median Jaccard similarity over pairs of shingle sets in [0, 1], None for fewer than two.

    Exact over all pairs up to `max_pairs` of them (200 programs), over a seeded sample of pairs above.
    """
    if len(sets) < 2:
        return None
    if comb(len(sets), 2) <= max_pairs:
        found = [jaccards(first, sets[place:]).tolist() for place, first in enumerate(sets[:-1], start=1)]
        return median(chain.from_iterable(found))
    rng, places = random.Random(seed), range(len(sets))
    pairs = (rng.sample(places, 2) for _ in range(max_pairs))
    return median(float(jaccards(sets[first], [sets[second]])[0]) for first, second in pairs)


def entropy_bits(counts: Mapping[str, int]) -> float:
    """Return the Shannon entropy of a distribution given by counts, in bits; 0 for an empty one."""
    total = sum(counts.values())
    shares = [count / total for count in counts.values() if count]
    return -sum(share * log2(share) for share in shares) or 0.0


def mean_length(sources: Sequence[str]) -> float:
    """Return the mean number of canonical tokens per program; 0 without programs."""
    return fmean(len(canonical_tokens(source)) for source in sources) if sources else 0.0
