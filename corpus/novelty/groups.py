"""Which programs of a collection are near-duplicates of one another, exactly, and the groups that they form.

Every program is looked up among all (`corpus.novelty.shingle_index`), so nothing is estimated and no pair is
missed.

This module does *not* define similarity (`corpus.novelty.similarity`) or decide novelty
(`corpus.novelty.gate`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pydantic import Field

from corpus.novelty.shingle_index import ShingleIndex
from corpus.novelty.similarity import ShingleArray, jaccards
from corpus.records.admissions import Neighbour
from corpus.records.base import Record


class DisjointSets:
    """Union-find over 0..count-1; the representative of a set is its smallest member."""

    def __init__(self, count: int) -> None:
        """Start with every member alone."""
        self._parents = list(range(count))

    def find(self, member: int) -> int:
        """Return the representative of the set that holds `member`."""
        root = member
        while self._parents[root] != root:
            root = self._parents[root]
        while self._parents[member] != root:
            self._parents[member], member = root, self._parents[member]
        return root

    def union(self, first: int, second: int) -> None:
        """Make the sets of both members one."""
        low, high = sorted((self.find(first), self.find(second)))
        self._parents[high] = low


def near_duplicate_groups(programs: Sequence[ShingleArray], tau: float) -> list[int]:
    """Return for each program the index of the first program of its group.

    Groups are the connected components of "similarity at least `tau`": two members need not be similar
    themselves, but no program outside of a group is a near-duplicate of one inside.
    """
    sets = DisjointSets(len(programs))
    for first, second in near_duplicate_pairs(programs, tau):
        sets.union(first, second)
    return [sets.find(index) for index in range(len(programs))]


def near_duplicate_pairs(programs: Sequence[ShingleArray], tau: float) -> Iterator[tuple[int, int]]:
    """Yield the pairs `(i, j)`, i < j, of similarity at least `tau` in (0, 1], in no particular order."""
    index = ShingleIndex()
    for shingles in programs:
        index.add(shingles)
    for second, shingles in enumerate(programs):
        rows = index.within(shingles, tau)
        yield from ((first, second) for first in rows[rows < second].tolist())


class DuplicateGroup(Record):
    """Programs that hang together by near-duplicates; two of them need not be near-duplicates themselves.

    Attributes:
        first: The earliest program of the group.
        others: The rest in their order, with their similarity to the first.
    """

    first: str
    others: tuple[Neighbour, ...] = Field(default=())


def duplicate_groups(ids: Sequence[str], sets: Sequence[ShingleArray], tau: float) -> list[DuplicateGroup]:
    """Return the groups of near-duplicates, singletons included, in the order of their first programs.

    Args:
        ids: The programs, in their order.
        sets: Their shingle sets.
        tau: Jaccard similarity in (0, 1] from which on two programs are near-duplicates.
    """
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for index, first in enumerate(near_duplicate_groups(sets, tau)):
        groups[first].append(index)
    return [_group(ids, sets, first, members) for first, members in groups.items()]


def _group(
    ids: Sequence[str], sets: Sequence[ShingleArray], first: int, members: Sequence[int]
) -> DuplicateGroup:
    others = [index for index in members if index != first]
    similarities = jaccards(sets[first], [sets[index] for index in others]).tolist()
    found = zip(others, similarities, strict=True)
    return DuplicateGroup(
        first=ids[first], others=tuple(Neighbour(id=ids[index], jaccard=each) for index, each in found)
    )
