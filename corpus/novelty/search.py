"""What a search for similar shingle sets answers, whichever way it finds them.

Two searches keep this contract: `corpus.novelty.shingle_index` misses no set, `corpus.novelty.minhash` may
miss some. Similarities are exact in both. This module does *not* search.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.novelty.similarity import ShingleArray


class Match(NamedTuple):
    """A row of a search and its exact Jaccard similarity to the query; the best match is the least one.

    Attributes:
        distance: 1 - Jaccard similarity, in [0, 1].
        row: The place of the program in the order of adding.
        jaccard: The Jaccard similarity, in [0, 1].
    """

    distance: float
    row: int
    jaccard: float


class ShingleSearch(Protocol):
    """Shingle sets in the order of adding, searchable for those most similar to a query."""

    def add(self, shingles: ShingleArray) -> None:
        """Put one set, ascending and without repeats, at the end."""

    def add_all(self, flat: ShingleArray, starts: NDArray[np.int64]) -> None:
        """Put many sets at the end.

        Args:
            flat: The sets one behind the other, each ascending and without repeats.
            starts: (sets + 1,), where each begins; the last entry is the length of `flat`.
        """

    def neighbours(self, query: ShingleArray, count: int, at_least: float = 0.0) -> list[Match]:
        """Return at most `count` sets of at least that similarity, best first, earliest of equals."""
