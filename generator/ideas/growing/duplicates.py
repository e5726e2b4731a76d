"""Statements that say the same, by MinHash over the words that they share.

A statement is the set of pairs of neighbouring words that say something, stemmed. MinHash-LSH (datasketch)
proposes statements, the exact Jaccard similarity of the sets decides among the proposed: from .6 on they are
one. 64 bands of 2 rows propose a statement of that similarity with probability 1 - (1 - .6^2)^64 > .999. All
numbers are our choice. This module does *not* find the same thought in other words.
"""

from __future__ import annotations

from corpus.config import CorpusConfig
from corpus.novelty.minhash import MinHashIndex
from corpus.novelty.similarity import shingle_array
from generator.ideas.words import content_words

SAME = 0.6
_NEIGHBOURS = 2
_CONFIG = CorpusConfig(search="minhash", num_perm=128, bands=64)


class Statements:
    """Statements by the ids of their ideas, in the order of adding."""

    def __init__(self) -> None:
        self._index, self._ids = MinHashIndex(_CONFIG), list[str]()

    def same(self, statement: str) -> str | None:
        """Return the id of the idea that says most nearly the same, None where none is near enough."""
        found = self._index.neighbours(shingle_array(content_words(statement), _NEIGHBOURS), 1, SAME)
        return self._ids[found[0].row] if found else None

    def add(self, identifier: str, statement: str) -> None:
        """Put a statement at the end."""
        self._index.add(shingle_array(content_words(statement), _NEIGHBOURS))
        self._ids.append(identifier)
