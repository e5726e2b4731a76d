"""How diverse a set of programs is: figures that show whether a generator narrows.

Pure functions of a list of sources, built on the one definition of similarity. They do *not* judge quality,
and none of them takes part in any decision.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb, log2
from statistics import fmean, median

from corpus.novelty.similarity import Shingler, jaccard
from corpus.programs.families import FAMILIES, block_families
from corpus.programs.tokens import canonical_tokens

__all__ = [
    "FAMILIES",
    "block_families",
    "entropy_bits",
    "mean_length",
    "median_jaccard",
    "skeleton",
    "unique_skeletons",
]


def skeleton(source: str) -> str:
    """Return a program without its numbers and its own names: what two programs of one design share."""
    return " ".join(canonical_tokens(source, mask_numbers=True))


def unique_skeletons(sources: Sequence[str]) -> float:
    """Return the number of distinct skeletons per program, in (0, 1]; 0 without programs."""
    return len({skeleton(source) for source in sources}) / len(sources) if sources else 0.0


def median_jaccard(
    sources: Sequence[str], shingler: Shingler, *, max_pairs: int = 20_000, seed: int = 0
) -> float | None:
    """Return the median Jaccard similarity over pairs of programs in [0, 1], None for fewer than two.

    Exact over all pairs up to `max_pairs` of them (200 programs), over a seeded sample of pairs above.
    """
    sets = [shingler.shingles(source) for source in sources]
    if len(sets) < 2:
        return None
    if comb(len(sets), 2) <= max_pairs:
        return median(jaccard(first, second) for first, second in combinations(sets, 2))
    rng = random.Random(seed)
    return median(jaccard(*rng.sample(sets, 2)) for _ in range(max_pairs))


def entropy_bits(counts: Mapping[str, int]) -> float:
    """Return the Shannon entropy of a distribution given by counts, in bits; 0 for an empty one."""
    total = sum(counts.values())
    shares = [count / total for count in counts.values() if count]
    return -sum(share * log2(share) for share in shares) or 0.0


def mean_length(sources: Sequence[str]) -> float:
    """Return the mean number of canonical tokens per program; 0 without programs."""
    return fmean(len(canonical_tokens(source)) for source in sources) if sources else 0.0
