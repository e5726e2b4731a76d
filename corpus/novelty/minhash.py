"""MinHash signatures and banded locality-sensitive hashing, by datasketch: the field's usual estimate.

With 16 bands of 8 rows a pair of similarity 0.85 is proposed with probability 1 - (1 - 0.85^8)^16 = 0.994, so
a list of proposals is neither complete nor clean. It is what others deduplicate with, hence what
`scripts/bench_novelty.py` compares with; where a program's novelty is decided, `corpus.novelty.shingle_index`
finds every near-duplicate, and faster.

This module does *not* decide anything: `corpus.novelty` compares exactly.
"""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from corpus.config import CorpusConfig
from corpus.novelty.scheme import SCHEME

if TYPE_CHECKING:
    from datasketch import MinHash


class MinHashIndex:
    """Programs' signatures in LSH bands."""

    def __init__(self, config: CorpusConfig) -> None:
        """Take signature length, bands and seed from `config`."""
        from datasketch import MinHashLSH

        self._config = config
        rows = config.num_perm // config.bands
        self._lsh = MinHashLSH(num_perm=config.num_perm, params=(config.bands, rows))

    def signature(self, shingles: Set[int]) -> MinHash:
        """Return the MinHash signature of a shingle set, whose members are hashes already."""
        from datasketch import MinHash

        signature = MinHash(
            num_perm=self._config.num_perm, seed=self._config.minhash_seed, hashfunc=_low_bits, scheme=SCHEME
        )
        signature.update_batch(shingles)
        return signature

    def add(self, identifier: str, shingles: Set[int]) -> None:
        """Put a program into the index.

        Raises:
            ValueError: `identifier` is in it already.
        """
        self._lsh.insert(identifier, self.signature(shingles))

    def proposals(self, shingles: Set[int]) -> list[str]:
        """Return the identifiers that share at least one band with `shingles`, sorted."""
        return sorted(self._lsh.query(self.signature(shingles)))


def _low_bits(shingle: int) -> int:
    return shingle & 0xFFFFFFFF
