"""MinHash signatures and banded locality-sensitive hashing, by datasketch: every signature is made here.

Two uses. `MinHashIndex` is the search of the published loop: LSH proposes programs that share a band of their
signatures with the query, exact Jaccard similarity decides among the proposed. It never takes a program for
more similar than it is, but it misses near-duplicates: with 16 bands of 8 rows, one of similarity 0.85 is
proposed with probability 1 - (1 - 0.85^8)^16 = 0.994. `text_signature` is the signature that an export
carries, of the bare text, so that others can make it without this project.

This module does *not* decide on novelty, and estimates no similarity that is kept anywhere.
"""

from __future__ import annotations

import heapq
import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corpus.config import CorpusConfig
from corpus.novelty.scheme import PERMUTATIONS
from corpus.novelty.search import Match
from corpus.novelty.similarity import ShingleArray, jaccards

if TYPE_CHECKING:
    from datasketch import MinHash

TEXT_SCHEME = "archloop-minhash-1"
"""Names everything that `text_signature` depends on. A change to any of it takes another name."""

TEXT_RECIPE = r"""import re
from datasketch import MinHash  # 2.0 or newer


def archloop_minhash_1(source):
    tokens = re.findall(r"\w+|[^\w\s]", source, re.ASCII)
    shingles = {" ".join(tokens[at : at + 7]) for at in range(max(1, len(tokens) - 6))}
    signature = MinHash(num_perm=128, seed=1, scheme="affine32")  # of the first 4 bytes of SHA-1
    signature.update_batch(shingle.encode() for shingle in shingles)
    return signature
"""
"""How others make the signatures of an export; the card and docs/data.md print it."""

_TOKEN = re.compile(r"\w+|[^\w\s]", re.ASCII)
_TEXT_SHINGLE, _TEXT_PERMUTATIONS, _TEXT_SEED = 7, 128, 1
_LOW_BITS = np.uint64(0xFFFFFFFF)


class MinHashIndex:
    """Shingle sets in the order of adding, and their signatures in LSH bands."""

    def __init__(self, config: CorpusConfig) -> None:
        """Take signature length, bands and seed from `config`."""
        from datasketch import MinHash, MinHashLSH

        rows = config.num_perm // config.bands
        self._sets: list[ShingleArray] = []
        self._lsh = MinHashLSH(num_perm=config.num_perm, params=(config.bands, rows))
        # The members are hashes already, so the hash function is the identity.
        self._blank = MinHash(config.num_perm, config.minhash_seed, hashfunc=int, scheme=PERMUTATIONS)

    def __len__(self) -> int:
        return len(self._sets)

    def add(self, shingles: ShingleArray) -> None:
        """Put one set, ascending and without repeats, at the end."""
        self._lsh.insert(len(self._sets), self.signature(shingles))
        self._sets.append(shingles)

    def add_all(self, flat: ShingleArray, starts: NDArray[np.int64]) -> None:
        """Put many sets at the end.

        Args:
            flat: The sets one behind the other, each ascending and without repeats.
            starts: (sets + 1,), where each begins; the last entry is the length of `flat`.
        """
        for shingles in np.split(flat, starts[1:-1]) if len(starts) > 1 else []:
            self.add(shingles)

    def neighbours(self, query: ShingleArray, count: int, at_least: float = 0.0) -> list[Match]:
        """Return the `count` best of the *proposed* sets of at least that similarity, earliest of equals.

        Sets of low similarity are rarely proposed, so there may be none where an exact search finds many.
        """
        rows = self._proposals(query)
        similarities = jaccards(query, [self._sets[row] for row in rows]).tolist()
        matches = (
            Match(1.0 - jaccard, row, jaccard) for row, jaccard in zip(rows, similarities, strict=True)
        )
        return heapq.nsmallest(count, (match for match in matches if match.jaccard >= at_least))

    def signature(self, shingles: ShingleArray) -> MinHash:
        """Return the MinHash signature of a shingle set."""
        signature = self._blank.copy()
        signature.update_batch((shingles & _LOW_BITS).tolist())
        return signature

    def _proposals(self, query: ShingleArray) -> list[int]:
        """Return the rows that share at least one band with `query`, ascending."""
        return sorted(self._lsh.query(self.signature(query)))


def text_signature(source: str) -> tuple[int, ...]:
    """Return the signature of a program's text under `TEXT_SCHEME`: 128 values in [0, 2**32).

    The scheme knows nothing of canonical tokens: comments and names count, and no ledger's settings do.
    """
    tokens = _TOKEN.findall(source)
    runs = range(max(1, len(tokens) - _TEXT_SHINGLE + 1))
    shingles = {" ".join(tokens[start : start + _TEXT_SHINGLE]) for start in runs}
    signature = _blank_of_text().copy()
    signature.update_batch(shingle.encode("utf-8", "replace") for shingle in shingles)
    return tuple(signature.hashvalues.tolist())


# A memo of a pure function: drawing the permutations costs as much as a signature.
@cache
def _blank_of_text() -> MinHash:
    from datasketch import MinHash

    return MinHash(_TEXT_PERMUTATIONS, _TEXT_SEED, scheme=PERMUTATIONS)
