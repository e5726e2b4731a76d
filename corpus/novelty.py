"""Whether a program is new: its most similar program in the corpus, found exactly.

`NoveltyIndex.nearest` compares with *every* program held, by one vectorised pass over their shingles, so no
decision at tau is ever wrong or random; twins within one cycle are caught because a program is added as
soon as it is admitted. A pass takes about a millisecond per thousand programs. The MinHash-LSH of
`corpus.minhash` proposes, for uses that can live with a missed pair; it decides nothing here.

This module does *not* decide on admission (`corpus.admission`), and holds no program texts.
"""

from __future__ import annotations

import json
from array import array
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from corpus.config import CorpusConfig
from corpus.errors import SimilarityMismatchError
from corpus.minhash import MinHashIndex, similarity_scheme
from corpus.records import Neighbour
from corpus.similarity import Shingler, Shingles

if TYPE_CHECKING:
    from corpus.store import Corpus

_SCHEME_KEY = "similarity"


class NoveltyIndex:
    """The shingle sets of admitted programs, searchable for the nearest."""

    def __init__(self, config: CorpusConfig) -> None:
        """Start empty, under the similarity that `config` describes."""
        self._config = config
        self._shingler = Shingler.from_config(config)
        self._shingles: dict[str, Shingles] = {}
        self._identifiers: list[str] = []
        self._columns: dict[int, int] = {}
        # Programs one behind the other, each as the columns of its shingles; `_starts`: where each begins.
        self._flat = array("q")
        self._starts = array("q")

    @classmethod
    def from_corpus(cls, corpus: Corpus, config: CorpusConfig) -> Self:
        """Return the index over all programs that `corpus` has admitted, in their order.

        The first index of a writable store writes its scheme there; from then on only an equal one is
        accepted.

        Raises:
            SimilarityMismatchError: The store was filled under another definition of similarity.
        """
        check_scheme(corpus, config)
        index = cls(config)
        for candidate, _ in corpus.admitted():
            if candidate.source is not None:
                index.add(candidate.id, candidate.source)
        return index

    def __len__(self) -> int:
        return len(self._identifiers)

    def add(self, identifier: str, source: str) -> None:
        """Put a program into the index.

        Raises:
            ValueError: `identifier` is in it already.
        """
        if identifier in self._shingles:
            raise ValueError(f"{identifier} is in the index already")
        shingles = self._shingler.shingles(source)
        self._shingles[identifier] = shingles
        self._identifiers.append(identifier)
        self._starts.append(len(self._flat))
        self._flat.extend(self._columns.setdefault(shingle, len(self._columns)) for shingle in shingles)
        if "_lsh" in self.__dict__:
            self._lsh.add(identifier, shingles)

    def nearest(self, source: str) -> Neighbour | None:
        """Return the most similar program, the earliest of equals, or None when the index is empty."""
        if not self._identifiers:
            return None
        shingles = self._shingler.shingles(source)
        present = np.zeros(len(self._columns), dtype=np.bool_)
        known = [self._columns[shingle] for shingle in shingles if shingle in self._columns]
        present[np.asarray(known, dtype=np.int64)] = True
        starts = np.frombuffer(self._starts, dtype=np.int64)
        flat = np.frombuffer(self._flat, dtype=np.int64)
        shared = np.add.reduceat(present.take(flat), starts, dtype=np.int64)  # (programs,)
        sizes = np.diff(starts, append=len(flat))  # (programs,)
        jaccard = shared / (sizes + len(shingles) - shared)
        best = int(np.argmax(jaccard))
        return Neighbour(id=self._identifiers[best], jaccard=float(jaccard[best]))

    def proposals(self, source: str) -> list[str]:
        """Return the programs that LSH holds for near-duplicates of `source`, sorted; some may be missing."""
        return self._lsh.proposals(self._shingler.shingles(source))

    @cached_property
    def _lsh(self) -> MinHashIndex:
        index = MinHashIndex(self._config)
        for identifier, shingles in self._shingles.items():
            index.add(identifier, shingles)
        return index


def check_scheme(corpus: Corpus, config: CorpusConfig) -> None:
    """Make sure that `corpus` was, and will be, filled under the similarity of `config`.

    Raises:
        SimilarityMismatchError: It was filled under another.
    """
    scheme = similarity_scheme(config)
    stored = corpus.get_meta(_SCHEME_KEY)
    if stored is None:
        if not corpus.read_only:
            corpus.set_meta(_SCHEME_KEY, json.dumps(scheme, sort_keys=True))
        return
    known = json.loads(stored)
    changed = [
        f"{key} {known.get(key)} -> {scheme.get(key)}"
        for key in sorted(known.keys() | scheme.keys())
        if known.get(key) != scheme.get(key)
    ]
    if changed:
        raise SimilarityMismatchError(
            f"{corpus.path}: filled under another definition of similarity ({', '.join(changed)}). "
            "Go on with the settings and the archloop version of that run, or start a new one."
        )
