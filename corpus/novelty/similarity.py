"""The one definition of program similarity: exact Jaccard similarity of the shingle sets of two programs.

A shingle is a run of `size` consecutive canonical tokens (`corpus.programs.tokens`), kept as a 64-bit hash.
"Exact" means computed on the sets themselves; two programs of 1,000 shingles share a false hash with
probability < 1e-13.

With numbers kept (the default), another width or kernel size is a difference, but a small one: a program with
one number changed is a near-duplicate, with many changed it is new. With numbers masked it is none at all, as
in the reference implementation. `docs/novelty.md` measures both.

Nothing else in the project compares programs. Whoever changes anything here or in `corpus.programs.tokens`
that changes a similarity raises `SIMILARITY_VERSION`: a ledger keeps the version it was filled under and
refuses another.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from functools import lru_cache
from hashlib import blake2b
from typing import Self

import numpy as np
from numpy.typing import NDArray

from corpus.config import CorpusConfig
from corpus.programs.tokens import canonical_tokens

SIMILARITY_VERSION = 1

HASH_VERSION = 2
"""Of the hash of a shingle: it changes no similarity, but sets kept under another one are worthless."""

Shingles = frozenset[int]

ShingleArray = NDArray[np.uint64]
"""A shingle set as (shingles,), ascending and without repeats."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


class Shingler:
    """Turns programs into shingle sets. Two sets compare only if their shinglers are equal."""

    def __init__(self, size: int = 7, *, mask_numbers: bool = False) -> None:
        """Take `size` tokens per shingle; with `mask_numbers` all numbers are one token."""
        self.size = size
        self.mask_numbers = mask_numbers

    @classmethod
    def from_config(cls, config: CorpusConfig) -> Self:
        """Return the shingler that `config` describes."""
        return cls(config.shingle_size, mask_numbers=config.mask_numbers)

    def shingles(self, source: str) -> Shingles:
        """Return the shingle set of any text; it is never empty, and no text raises."""
        return frozenset(self.array(source).tolist())

    def array(self, source: str) -> ShingleArray:
        """Return the shingle set of any text as an array; it is never empty, and no text raises."""
        return shingle_array(canonical_tokens(source, mask_numbers=self.mask_numbers), self.size)

    def similarity(self, first: str, second: str) -> float:
        """Return the Jaccard similarity of two programs in [0, 1]."""
        return jaccard(self.shingles(first), self.shingles(second))


def shingle_array(tokens: Sequence[str], size: int) -> ShingleArray:
    """Return the set of all runs of `size` tokens; fewer tokens than that are one run."""
    runs = max(1, len(tokens) - size + 1)
    hashes = np.zeros(runs + size - 1, dtype=np.uint64)
    hashes[: len(tokens)] = np.fromiter(map(stable_hash, tokens), np.uint64, len(tokens))
    length = 1
    while length < size:  # hashes of runs of `length` tokens, joined to those of longer ones
        step = min(length, size - length)
        hashes = _joined(hashes[:-step], hashes[step:])
        length += step
    hashes.sort()
    return hashes[np.concatenate(([True], hashes[1:] != hashes[:-1]))]


def _joined(first: ShingleArray, second: ShingleArray) -> ShingleArray:
    """Return a hash of each pair; multiply and fold, as in MurmurHash3's finaliser, so that order counts."""
    joined = first * _FACTOR
    joined ^= joined >> _HALF
    joined += second
    joined *= _FACTOR
    joined ^= joined >> _HALF
    return joined


# A memo of a pure function: programs are written with a few hundred words.
@lru_cache(maxsize=65_536)
def stable_hash(text: str) -> int:
    """Return a hash in [0, 2**64) that is the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def jaccard(first: Set[int], second: Set[int]) -> float:
    """Return |first & second| / |first | second| in [0, 1]; two empty sets are equal, hence 1."""
    shared = len(first & second)
    union = len(first) + len(second) - shared
    return shared / union if union else 1.0


def jaccards(query: ShingleArray, sets: Sequence[ShingleArray]) -> NDArray[np.float64]:
    """Return the Jaccard similarity of each set to `query`, (sets,), as `jaccard` gives it; none is empty."""
    if not sets:
        return np.empty(0)
    sizes = np.fromiter(map(len, sets), np.int64, len(sets))
    flat = np.concatenate(sets)
    places = np.minimum(np.searchsorted(query, flat), len(query) - 1)
    starts = np.cumsum(sizes) - sizes
    shared = np.add.reduceat(query[places] == flat, starts, dtype=np.int64)
    return shared / (sizes + len(query) - shared)
