"""Curates a collection: of programs that are alike, one is kept, step by step from equal to merely alike.

    exact       equal texts
    lexical     Jaccard similarity of shingles of `tau` or more to a program that is kept
    structural  the same network where it was recorded; else the same program but for numbers and own names

Of what is alike, the earliest is kept; so every program that goes has one that stays beside it, and no two
that stay are alike. The groups of `corpus.novelty.groups` hang together by chains; here a chain is cut.
Similarities are exact. This module does *not* look at how programs did, and deletes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from corpus.novelty.diversity import skeleton
from corpus.novelty.groups import near_duplicate_pairs
from corpus.novelty.similarity import ShingleArray, Shingler


class Curated(NamedTuple):
    """What is left of a collection after each step: ids, in the order of the collection.

    Attributes:
        given: All of it.
        exact: After equal texts went.
        lexical: After near-duplicates went too.
        structural: After equal structures went too: what is kept.
    """

    given: list[str]
    exact: list[str]
    lexical: list[str]
    structural: list[str]


def curate(
    programs: Mapping[str, str], shingler: Shingler, tau: float, structures: Mapping[str, str]
) -> Curated:
    """Return what is kept of `programs`.

    Args:
        programs: The texts by id, in the order in which they are preferred.
        shingler: What a shingle is.
        tau: Jaccard similarity in (0, 1] from which on two programs are near-duplicates.
        structures: The recorded network of programs, by id (`corpus.programs.structure`), where there is one.
    """
    given = list(programs)
    exact = _firsts(given, programs.__getitem__)
    lexical = _apart(exact, [shingler.array(programs[name]) for name in exact], tau)
    structural = _firsts(lexical, lambda name: structures.get(name) or skeleton(programs[name]))
    return Curated(given, exact, lexical, structural)


def _firsts(names: Iterable[str], key: Callable[[str], Hashable]) -> list[str]:
    """Return the first name of each key."""
    kept: dict[Hashable, str] = {}
    for name in names:
        kept.setdefault(key(name), name)
    return list(kept.values())


def _apart(names: Sequence[str], sets: Sequence[ShingleArray], tau: float) -> list[str]:
    """Return the names whose sets are no near-duplicate of one that was kept before."""
    earlier: list[list[int]] = [[] for _ in names]
    for first, second in near_duplicate_pairs(sets, tau):
        earlier[second].append(first)
    kept: set[int] = set()
    for place, near in enumerate(earlier):
        if kept.isdisjoint(near):
            kept.add(place)
    return [names[place] for place in sorted(kept)]
