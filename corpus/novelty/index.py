"""Whether a program is new: its most similar programs in the corpus, under exact Jaccard similarity.

`CorpusConfig.search` says who proposes them. "exact" (`corpus.novelty.shingle_index`) is right for *every*
program held: an inverted index proposes and bounds that are proved rule out, so no decision at tau is ever
wrong or random. "minhash" (`corpus.novelty.minhash`) is the filter of the published loop: LSH proposes, and
may miss a near-duplicate. Both answer the same for equal programs added in equal order, so a resumed run
decides as an uninterrupted one.

Twins within one cycle are caught because a program is added as soon as it is admitted. The sets are cached
beside the ledger (`corpus.novelty.shingle_cache`) as they come, so that a resumed run need not read every
program again.

This module does *not* decide on admission (`corpus.novelty.gate`), and holds no program texts.
"""

from __future__ import annotations

import logging
from typing import Self

from corpus.config import CorpusConfig
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.minhash import MinHashIndex
from corpus.novelty.scheme import check_scheme
from corpus.novelty.search import ShingleSearch
from corpus.novelty.shingle_cache import ShingleCache, joined
from corpus.novelty.shingle_index import SEGMENT_ROWS, ShingleIndex
from corpus.novelty.similarity import ShingleArray, Shingler
from corpus.records.admissions import Neighbour

WORTH_CACHING = 256
"""Programs of a new part of the cache: fewer are read again within seconds."""

_log = logging.getLogger(__name__)


class NoveltyIndex:
    """The shingle sets of admitted programs, searchable for the nearest."""

    def __init__(self, config: CorpusConfig) -> None:
        """Start empty, under the similarity that `config` describes."""
        self._shingler = Shingler.from_config(config)
        self._identifiers: list[str] = []
        self._known: set[str] = set()
        self._search: ShingleSearch = MinHashIndex(config) if config.search == "minhash" else ShingleIndex()
        self._cache: ShingleCache | None = None
        self._uncached: list[ShingleArray] = []

    @classmethod
    def from_ledger(cls, ledger: Ledger, config: CorpusConfig) -> Self:
        """Return the index over all programs that `ledger` has admitted, in their order.

        The first index of a writable ledger writes its scheme there; from then on only an equal one is
        accepted. Shingle sets come from the cache beside the ledger as far as they are there.

        Raises:
            SimilarityMismatchError: The ledger was filled under another definition of similarity.
        """
        check_scheme(ledger, config)
        index = cls(config)
        programs = ledger.admitted_programs()
        cache = ShingleCache(ledger.path, index._shingler)
        for part in joined(cache.load([identifier for identifier, _ in programs]), SEGMENT_ROWS):
            index._register(part.ids)
            index._search.add_all(part.flat, part.starts)
        missing = programs[len(index) :]
        sets = [index._shingler.array(ledger.source(address)) for _, address in missing]
        index._register([identifier for identifier, _ in missing])
        for shingles in sets:
            index._search.add(shingles)
        if isinstance(ledger, LedgerWriter):
            index._cache, index._uncached = cache, sets
            index._keep_sets()
        return index

    def __len__(self) -> int:
        return len(self._identifiers)

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._known

    def add(self, identifier: str, source: str) -> None:
        """Put a program into the index.

        Raises:
            ValueError: `identifier` is in it already.
        """
        # Those before are in the ledger by now; this one may not be, and a cache ahead of it fits nothing.
        self._keep_sets()
        self._register([identifier])
        shingles = self._shingler.array(source)
        self._search.add(shingles)
        if self._cache is not None:
            self._uncached.append(shingles)

    def nearest(self, source: str, at_least: float = 0.0) -> Neighbour | None:
        """Return the most similar program of at least that similarity, the earliest of equals, or None.

        With `at_least` at tau an exact search is many times faster than for the nearest however far. Under
        MinHash the answer is the most similar of the proposed: far programs are rarely among them.
        """
        return next(iter(self.neighbours(source, 1, at_least)), None)

    def neighbours(self, source: str, count: int, at_least: float = 0.0) -> list[Neighbour]:
        """Return the `count` most similar programs of at least that similarity, best first."""
        matches = self._search.neighbours(self._shingler.array(source), count, at_least)
        return [Neighbour(id=self._identifiers[match.row], jaccard=match.jaccard) for match in matches]

    def _keep_sets(self) -> None:
        """Write the sets that the cache lacks, if they are worth it."""
        count = len(self._uncached)
        if self._cache is None or count < WORTH_CACHING:
            return
        try:
            self._cache.append(self._identifiers[-count:], self._uncached, after=len(self) - count)
        except OSError as error:
            _log.warning("The shingle sets are not cached: %s. Opening stays slow, nothing else.", error)
            self._cache = None
        self._uncached = []

    def _register(self, identifiers: list[str]) -> None:
        for identifier in identifiers:
            if identifier in self._known:
                raise ValueError(f"{identifier} is in the index already")
            self._known.add(identifier)
            self._identifiers.append(identifier)
