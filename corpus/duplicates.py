"""Reports the near-duplicates in a collection, by any setting of the one definition of similarity.

This module does *not* delete: whoever wants a collection without near-duplicates writes the first of every
group elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from pydantic import Field

from corpus.near_duplicates import near_duplicate_groups
from corpus.records import Neighbour, Record
from corpus.similarity import Shingler, jaccard


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
