"""Exact search for the programs that share most of their shingles with a query, among very many.

An inverted index proposes, exact Jaccard similarity decides, and *no* program is missed. The argument, for a
query of `n` shingles of which the index looks up `k`:

- A program found in `c` of the looked-up lists shares at most `c + (n - k)` shingles with the query, and
  never more than the smaller of the two sets has. Its similarity is at most that overlap over the union.
- So every program whose *upper bound* falls below what was asked for is safely passed over, unseen ones
  (`c = 0`) included, and all others are compared shingle by shingle, best bound first.

This holds for any `k` and any choice of lists, hence looking up the shortest lists first is only a matter of
speed (prefix filtering: Chaudhuri et al. 2006; Bayardo et al. 2007). Lists are kept per *bucket*, the leading
bits of a shingle: two shingles in one bucket make a list longer and a bound looser, never a decision wrong.

The index grows by segments, as a log-structured merge tree does: adding is cheap, and a query meets only a
handful of segments. It does *not* know programs, only sorted arrays of 64-bit shingles
(`corpus.novelty.similarity`).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.novelty.search import Match
from corpus.novelty.similarity import ShingleArray, jaccards

MERGE_FACTOR = 8
"""A new segment absorbs its neighbour unless that is more than this many times larger."""

SEGMENT_ROWS = 2**17
"""The most programs in one segment: beyond that its lists no longer fit the processor's caches."""

MAX_BITS = 18
"""The most leading bits of a shingle that name its list; more make building slow, fewer make lists long."""

LEVELS = (0.8, 0.6, 0.45, 0.3)
"""Similarities tried one after another when the nearest is wanted however far it is."""

_ROUNDING = 1e-6
"""Slack on the bounds that a product of floats goes into; it can only let more programs through."""


class ShingleIndex:
    """Shingle sets in the order of adding, searchable for the nearest, exactly."""

    def __init__(self) -> None:
        """Start empty."""
        self._segments: list[_Segment] = []
        self._pending: list[ShingleArray] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the sets and the lists take."""
        pending = sum(shingles.nbytes for shingles in self._pending)
        return pending + sum(segment.nbytes for segment in self._segments)

    def add(self, shingles: ShingleArray) -> None:
        """Put one set, ascending and without repeats, at the end."""
        self._pending.append(shingles)
        self._count += 1

    def add_all(self, flat: ShingleArray, starts: NDArray[np.int64]) -> None:
        """Put many sets at the end.

        Args:
            flat: The sets one behind the other, each ascending and without repeats.
            starts: (sets + 1,), where each begins; the last entry is the length of `flat`.
        """
        self._settle()
        rows = len(starts) - 1
        for first in range(0, rows, SEGMENT_ROWS):
            bounds = starts[first : min(rows, first + SEGMENT_ROWS) + 1]
            self._append(_Segment(self._count, flat[bounds[0] : bounds[-1]], bounds - bounds[0]))
            self._count += len(bounds) - 1

    def nearest(self, query: ShingleArray, at_least: float = 0.0) -> Match | None:
        """Return the most similar set of at least that similarity, the earliest of equals, or None."""
        return next(iter(self.neighbours(query, 1, at_least)), None)

    def neighbours(self, query: ShingleArray, count: int, at_least: float = 0.0) -> list[Match]:
        """Return the `count` most similar sets of at least that similarity, best first, earliest of equals.

        Low similarities cost more: at 0 every set may have to be compared.
        """
        self._settle()
        found: list[Match] = []
        for level in (*(level for level in LEVELS if level > at_least), at_least):
            found = []
            for segment in self._segments:
                found = heapq.nsmallest(count, found + segment.search(query, count, level))
            if len(found) == count:
                break
        return found

    def within(self, query: ShingleArray, at_least: float) -> NDArray[np.int64]:
        """Return the rows of all sets of at least that similarity, in no order; made for many of them."""
        self._settle()
        found = [segment.within(query, at_least) for segment in self._segments]
        return np.concatenate([np.empty(0, dtype=np.int64), *found])

    def _settle(self) -> None:
        """Turn what was added one by one into a segment."""
        if self._pending:
            starts = np.cumsum([0, *map(len, self._pending)], dtype=np.int64)
            flat = np.concatenate(self._pending)
            first = self._count - len(self._pending)
            self._pending = []
            self._append(_Segment(first, flat, starts))

    def _append(self, segment: _Segment) -> None:
        while self._segments and self._absorbs(segment):
            segment = self._segments.pop().joined(segment)
        segment.build()
        self._segments.append(segment)

    def _absorbs(self, segment: _Segment) -> bool:
        last = len(self._segments[-1])
        return last <= MERGE_FACTOR * len(segment) and last + len(segment) <= SEGMENT_ROWS


class _Segment:
    """Consecutive rows with their inverted lists; never changed once it is built."""

    def __init__(self, first: int, flat: ShingleArray, starts: NDArray[np.int64]) -> None:
        self._first = first
        self._flat = flat
        self._starts = starts
        self._sizes = np.diff(starts)

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def nbytes(self) -> int:
        arrays = (self._flat, self._starts, self._sizes, self._list_starts, self._lists)
        return sum(array.nbytes for array in arrays)

    def joined(self, other: _Segment) -> _Segment:
        flat = np.concatenate([self._flat, other._flat])
        starts = np.concatenate([self._starts, other._starts[1:] + self._starts[-1]])
        return _Segment(self._first, flat, starts)

    def build(self) -> None:
        """Make the lists: for each bucket the rows that have a shingle in it."""
        from scipy.sparse import csr_array

        bits = min(MAX_BITS, max(8, len(self._flat).bit_length() - 2))
        self._shift = np.uint64(64 - bits)
        buckets = (self._flat >> self._shift).astype(np.int32)
        index_type = np.int32 if len(self._flat) < 2**31 else np.int64
        rows_by_bucket = csr_array(
            (np.zeros(len(buckets), dtype=np.bool_), buckets, self._starts.astype(index_type)),
            shape=(len(self), 1 << bits),
        ).tocsc()
        self._list_starts = rows_by_bucket.indptr
        self._lists = rows_by_bucket.indices

    def search(self, query: ShingleArray, count: int, at_least: float) -> list[Match]:
        """Return the `count` best matches of at least that similarity, in no order."""
        rows, bounds = self._proposals(query, at_least)
        best: list[Match] = []
        done, step = 0, 8
        while done < len(rows):
            if len(best) == count and bounds[done] < best[-1].jaccard:
                break
            chunk = rows[done : done + step]
            for row, jaccard in zip(chunk.tolist(), self._jaccard(query, chunk).tolist(), strict=True):
                if jaccard >= at_least:
                    best.append(Match(1.0 - jaccard, self._first + row, jaccard))
            best = heapq.nsmallest(count, best)
            done, step = done + step, min(2 * step, 1024)
        return best

    def within(self, query: ShingleArray, at_least: float) -> NDArray[np.int64]:
        """Return all rows of at least that similarity, in no order."""
        rows, _ = self._proposals(query, at_least)
        return self._first + rows[self._jaccard(query, rows) >= at_least] if len(rows) else rows

    def _proposals(
        self, query: ShingleArray, at_least: float
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the rows that may be similar enough and their upper bounds, the best first."""
        size = len(query)
        buckets = (query >> self._shift).astype(np.intp)
        begins, ends = self._list_starts[buckets], self._list_starts[buckets + 1]
        least = math.ceil(at_least * size - _ROUNDING)  # shared shingles, for a set of any size
        looked_up = _lists_to_look_up(size, least)
        shortest = np.argpartition(ends - begins, looked_up - 1)[:looked_up]
        lists = [self._lists[begins[i] : ends[i]] for i in shortest.tolist()]
        hits = np.bincount(np.concatenate(lists), minlength=len(self))  # (rows,)
        unseen = size - looked_up
        rows = np.flatnonzero(hits >= least - unseen)
        sizes = self._sizes[rows]
        shared = np.minimum(hits[rows] + unseen, np.minimum(sizes, size))
        bounds = shared / (sizes + size - shared)
        kept = np.flatnonzero(bounds >= at_least)
        rows, bounds = rows[kept], bounds[kept]
        order = np.argsort(-bounds, kind="stable")
        return rows[order], bounds[order]

    def _jaccard(self, query: ShingleArray, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the exact similarity of each row to the query."""
        sets = [self._flat[self._starts[row] : self._starts[row + 1]] for row in rows.tolist()]
        return jaccards(query, sets)


def _lists_to_look_up(size: int, least: int) -> int:
    """Return how many lists to look up so that few programs are left to compare.

    `size - least + 1` is the fewest that can rule out anything; some more make coincidence rare (measured).
    """
    return min(size, math.ceil(1.3 * (size - least + 1)))


def flattened(sets: Sequence[ShingleArray]) -> tuple[ShingleArray, NDArray[np.int64]]:
    """Return the sets one behind the other, and where each begins, as `ShingleIndex.add_all` takes them."""
    starts = np.cumsum([0, *map(len, sets)], dtype=np.int64)
    return np.concatenate(sets) if sets else np.empty(0, np.uint64), starts
