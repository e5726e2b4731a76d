"""The one definition of program similarity: exact Jaccard similarity of the shingle sets of two programs.

A shingle is a run of `size` consecutive canonical tokens (`corpus.tokens`), kept as a 64-bit hash. "Exact"
means computed on the sets themselves; two programs of 1,000 shingles share a false hash with probability <
1e-13.

With numbers kept (the default), another width or kernel size is a difference, but a small one: a program with
one number changed is a near-duplicate, with many changed it is new.

Nothing else in the project compares programs. Whoever changes anything here or in `corpus.tokens` that
changes a similarity raises `SIMILARITY_VERSION`: a store keeps the version it was filled under and refuses
another.
"""

from __future__ import annotations

from collections.abc import Set
from hashlib import blake2b
from typing import Self

from corpus.config import CorpusConfig
from corpus.tokens import canonical_tokens

SIMILARITY_VERSION = 1

Shingles = frozenset[int]


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
        tokens = canonical_tokens(source, mask_numbers=self.mask_numbers)
        last = max(1, len(tokens) - self.size + 1)
        return frozenset(stable_hash("\n".join(tokens[start : start + self.size])) for start in range(last))

    def similarity(self, first: str, second: str) -> float:
        """Return the Jaccard similarity of two programs in [0, 1]."""
        return jaccard(self.shingles(first), self.shingles(second))


def stable_hash(text: str) -> int:
    """Return a hash in [0, 2**64) that is the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def jaccard(first: Set[int], second: Set[int]) -> float:
    """Return |first & second| / |first | second| in [0, 1]; two empty sets are equal, hence 1."""
    shared = len(first & second)
    union = len(first) + len(second) - shared
    return shared / union if union else 1.0
