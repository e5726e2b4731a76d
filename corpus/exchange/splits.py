"""Train, validation and test splits that near-duplicates never cross, frozen at first assignment.

Near-duplicates (exact Jaccard similarity of at least the ledger's tau) form groups by union-find, and the
hash of a group's id decides the split of the whole group: 80% train, 10% validation, 10% test. An assignment
is written to the ledger once and never changes, so a program that somebody trained on stays in train for
ever.

Later programs join a group, and may bridge two groups:

- whoever joins a group whose frozen members lie in *one* split goes there too;
- whoever joins a group whose frozen members lie in *several* is `excluded`: in train it would leak what test
  holds, and in test it would be leaked. The members frozen before keep their splits; they are no
  near-duplicates of one another, or they would have been one group then.

So there is no pair of near-duplicates across train, validation and test, at any time. This module does *not*
look at prompts: `corpus.exchange.exporting` keeps rows apart whose prompt shows a program of another split.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from corpus.config import CorpusConfig
from corpus.ledger.reader import Ledger
from corpus.ledger.rows import storable
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.groups import near_duplicate_groups
from corpus.novelty.scheme import check_scheme, stored_config
from corpus.novelty.similarity import Shingler
from corpus.records.base import content_id
from corpus.records.candidates import Candidate
from corpus.records.exchange import Split, SplitAssignment

_SHARES = ((0.8, Split.TRAIN), (0.9, Split.VALIDATION), (1.0, Split.TEST))
"""Cumulative shares of the groups."""


def text_of(candidate: Candidate) -> str:
    """Return what of a candidate can leak: its program, or the whole answer where no program was found."""
    return candidate.completion if candidate.source is None else candidate.source


def text_id(candidate: Candidate) -> str:
    """Return the content address of `text_of(candidate)`, as the ledger keeps it."""
    return content_id(storable(text_of(candidate)))


def frozen_splits(ledger: Ledger) -> dict[str, SplitAssignment]:
    """Return the split of every text in `ledger` by its id, after freezing those that had none.

    A ledger that is open for reading only stays as it is: the splits are those that freezing would give now,
    and a later freezing gives them too unless programs have come in between.

    Raises:
        SimilarityMismatchError: The ledger was filled under another version of the definition of similarity.
    """
    config = stored_config(ledger)
    check_scheme(ledger, config)
    frozen = ledger.splits()
    texts = {text_id(candidate): text_of(candidate) for candidate in ledger.candidates()}
    if texts.keys() <= frozen.keys():
        return frozen
    assigned = assign_splits(texts, frozen, config)
    if isinstance(ledger, LedgerWriter):
        ledger.freeze_splits(assigned)
        return ledger.splits()
    return frozen | {each.text_id: each for each in assigned}


def assign_splits(
    texts: Mapping[str, str], frozen: Mapping[str, SplitAssignment], config: CorpusConfig
) -> list[SplitAssignment]:
    """Return the assignments of those `texts` (by id, in the order of the ledger) that have none yet."""
    shingler = Shingler.from_config(config)
    ids = list(texts)
    firsts = near_duplicate_groups([shingler.array(texts[identifier]) for identifier in ids], config.tau)
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for identifier, first in zip(ids, firsts, strict=True):
        groups[first].append(identifier)
    return [assignment for members in groups.values() for assignment in _join(members, frozen)]


def _join(members: list[str], frozen: Mapping[str, SplitAssignment]) -> Iterable[SplitAssignment]:
    known = [frozen[identifier] for identifier in members if identifier in frozen]
    group_id = known[0].group_id if known else members[0]
    splits = {assignment.split for assignment in known}
    if not splits:
        split = _split_of_group(group_id)
    elif len(splits) == 1:
        split = splits.pop()
    else:
        split = Split.EXCLUDED
    for identifier in members:
        if identifier not in frozen:
            yield SplitAssignment(text_id=identifier, group_id=group_id, split=split)


def _split_of_group(group_id: str) -> Split:
    digest = hashlib.sha256(f"split/{group_id}".encode()).digest()
    place = int.from_bytes(digest[:4], "big") / 2**32
    return next(split for share, split in _SHARES if place < share)
