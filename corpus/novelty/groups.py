"""Which programs of a collection are near-duplicates of one another, exactly, and the groups that they form.

The join is exact by prefix filtering (Chaudhuri et al. 2006; Bayardo et al., "Scaling up all pairs similarity
search", 2007): order every shingle set by global frequency, rarest first; two sets of Jaccard similarity tau
or more must share a member among the first n - ceil(tau * n) + 1 of each. Whoever shares one is compared by
`corpus.novelty.similarity.jaccard`; nothing is estimated, so no pair is missed.

This module does *not* define similarity (`corpus.novelty.similarity`) or decide novelty (`corpus.novelty`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from corpus.novelty.similarity import Shingler, Shingles, jaccard
from corpus.records.admissions import Neighbour
from corpus.records.base import Record

_ROUNDING = 1e-9
"""Keeps tau * n from being rounded up past a whole number, which would cut a prefix short."""


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


def near_duplicate_groups(programs: Sequence[Shingles], tau: float) -> list[int]:
    """Return for each program the index of the first program of its group.

    Groups are the connected components of "similarity at least `tau`": two members need not be similar
    themselves, but no program outside of a group is a near-duplicate of one inside.
    """
    sets = DisjointSets(len(programs))
    for first, second in near_duplicate_pairs(programs, tau, sets):
        sets.union(first, second)
    return [sets.find(index) for index in range(len(programs))]


def near_duplicate_pairs(
    programs: Sequence[Shingles], tau: float, connected: DisjointSets | None = None
) -> Iterator[tuple[int, int]]:
    """Yield the pairs `(i, j)`, i < j, of similarity at least `tau`, in no particular order.

    Args:
        programs: Shingle sets, none empty.
        tau: In (0, 1].
        connected: Pairs that are in one set here already are passed over without a comparison; for callers
            that want groups and not every pair.
    """
    frequency = Counter(shingle for shingles in programs for shingle in shingles)
    holders: defaultdict[int, list[int]] = defaultdict(list)  # prefix shingle -> programs, smallest first
    for index in sorted(range(len(programs)), key=lambda i: len(programs[i])):
        shingles = programs[index]
        needed = math.ceil(tau * len(shingles) - _ROUNDING)  # the least overlap with a near-duplicate
        by_rarity = sorted(shingles, key=lambda shingle: (frequency[shingle], shingle))
        prefix = by_rarity[: len(shingles) - needed + 1]
        proposed = set().union(*(holders[shingle] for shingle in prefix if shingle in holders))
        for other in sorted(proposed):
            if len(programs[other]) < needed:
                continue
            if connected is not None and connected.find(other) == connected.find(index):
                continue
            if jaccard(shingles, programs[other]) >= tau:
                yield min(index, other), max(index, other)
        for shingle in prefix:
            if frequency[shingle] > 1:
                holders[shingle].append(index)


class DuplicateGroup(Record):
    """Programs that hang together by near-duplicates; two of them need not be near-duplicates themselves.

    Attributes:
        first: The earliest program of the group.
        others: The rest in their order, with their similarity to the first.
    """

    first: str
    others: tuple[Neighbour, ...] = Field(default=())


def duplicate_groups(sources: Mapping[str, str], shingler: Shingler, tau: float) -> list[DuplicateGroup]:
    """Return the groups of near-duplicates, singletons included, in the order of their first programs.

    Args:
        sources: Programs by id, in their order.
        shingler: What a shingle is.
        tau: Jaccard similarity in (0, 1] from which on two programs are near-duplicates.
    """
    ids = list(sources)
    sets = [shingler.shingles(source) for source in sources.values()]
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for index, first in enumerate(near_duplicate_groups(sets, tau)):
        groups[first].append(index)
    return [
        DuplicateGroup(
            first=ids[first],
            others=tuple(
                Neighbour(id=ids[index], jaccard=jaccard(sets[first], sets[index]))
                for index in members
                if index != first
            ),
        )
        for first, members in groups.items()
    ]
