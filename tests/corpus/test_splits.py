"""Splits: near-duplicates never cross them, and an assignment is for ever."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from corpus.config import CorpusConfig
from corpus.exchange.splits import assign_splits, frozen_splits
from corpus.ledger.errors import SimilarityMismatchError
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.groups import near_duplicate_groups, near_duplicate_pairs
from corpus.novelty.similarity import ShingleArray, Shingler, jaccard
from corpus.records.base import content_id
from corpus.records.exchange import Split, SplitAssignment
from corpus.records.tasks.shape import TaskShape
from generator.grammar import sample_program
from tests.ledgers import candidate, new_corpus, prompt

CONFIG = CorpusConfig()
SHINGLER = Shingler.from_config(CONFIG)


def relatives(rng: random.Random, families: int, members: int) -> list[str]:
    """Return programs of the grammar with near-duplicates of theirs: descendants by changes of one number."""
    programs = []
    for _ in range(families):
        source = sample_program(rng, TaskShape(channels=1, height=12, width=12, classes=10)).source
        for _ in range(members):
            programs.append(source)
            numbers = list(re.finditer(r"\b\d+\b", source))
            for _ in range(rng.randrange(1, 4)):
                chosen = rng.choice(numbers)
                source = source[: chosen.start()] + str(rng.randrange(10, 99)) + source[chosen.end() :]
                numbers = list(re.finditer(r"\b\d+\b", source))
    return programs


def leaks(texts: Mapping[str, str], splits: Mapping[str, SplitAssignment]) -> list[tuple[str, str]]:
    """Return the pairs of near-duplicates in different splits, by comparing everything with everything."""
    shingles = {identifier: SHINGLER.shingles(text) for identifier, text in texts.items()}
    return [
        (first, second)
        for first, second in combinations(texts, 2)
        if splits[first].split is not splits[second].split
        and Split.EXCLUDED not in (splits[first].split, splits[second].split)
        and jaccard(shingles[first], shingles[second]) >= CONFIG.tau
    ]


def as_array(members: frozenset[int]) -> ShingleArray:
    return np.array(sorted(members), dtype=np.uint64)


def by_id(sources: list[str]) -> dict[str, str]:
    return {content_id(source): source for source in sources}


@pytest.mark.parametrize("tau", [0.5, 0.85, 1.0])
def test_the_join_finds_every_pair_that_brute_force_finds(tau: float) -> None:
    rng = random.Random(1)
    sources = relatives(rng, 12, 8)
    programs = [SHINGLER.shingles(source) for source in sources]
    every = {(i, j) for i, j in combinations(range(96), 2) if jaccard(programs[i], programs[j]) >= tau}
    assert sorted(near_duplicate_pairs([SHINGLER.array(source) for source in sources], tau)) == sorted(every)
    assert every


@pytest.mark.parametrize("seed", range(20))
def test_the_join_is_exact_on_tiny_sets_where_rounding_matters(seed: int) -> None:
    rng = random.Random(seed)
    sets = [frozenset(rng.sample(range(12), rng.randrange(1, 10))) for _ in range(60)]
    arrays = [as_array(members) for members in sets]
    for tau in (0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8):
        every = {(i, j) for i, j in combinations(range(60), 2) if jaccard(sets[i], sets[j]) >= tau}
        assert sorted(near_duplicate_pairs(arrays, tau)) == sorted(every)


def test_groups_are_the_connected_components() -> None:
    chain = [frozenset(range(start, start + 20)) for start in (0, 1, 2)]
    far = frozenset(range(100, 120))
    assert jaccard(chain[0], chain[2]) < 0.85 < jaccard(chain[0], chain[1])
    programs = [as_array(members) for members in (chain[0], far, chain[2], chain[1])]
    assert near_duplicate_groups(programs, 0.85) == [0, 1, 0, 0]
    assert near_duplicate_groups([], 0.85) == []


def test_no_near_duplicates_cross_splits_while_a_corpus_grows() -> None:
    """Ten times new relatives of old programs arrive in any order; nothing frozen moves, nothing leaks."""
    rng = random.Random(0)
    sources = relatives(rng, 40, 10)
    rng.shuffle(sources)
    frozen: dict[str, SplitAssignment] = {}
    for size in range(40, 401, 40):
        texts = by_id(sources[:size])
        fresh = assign_splits(texts, frozen, CONFIG)
        assert not {assignment.text_id for assignment in fresh} & frozen.keys()
        frozen |= {assignment.text_id: assignment for assignment in fresh}
        assert frozen.keys() == texts.keys()
        assert leaks(texts, frozen) == []
    assert {assignment.split for assignment in frozen.values()} >= {Split.TRAIN, Split.TEST, Split.EXCLUDED}


def test_without_groups_the_same_programs_would_leak() -> None:
    """The test above can fail: splitting by each program's own hash leaks on the same programs."""
    texts = by_id(relatives(random.Random(0), 40, 10))
    alone = {key: assign_splits({key: text}, {}, CONFIG)[0] for key, text in texts.items()}
    assert leaks(texts, alone)


def bridge() -> tuple[str, str, str]:
    """Return two programs that are no near-duplicates, and one that is a near-duplicate of both."""
    words = [f"x{i} = {i}" for i in range(200)]
    first = "\n".join(words)
    middle = "\n".join(["y = 1", *words[6:]])
    last = "\n".join(["y = 1", *words[6:-6], "z = 1"])
    return first, middle, last


def assigned(text: str, split: Split) -> SplitAssignment:
    return SplitAssignment(text_id=content_id(text), group_id=content_id(text), split=split)


def test_whoever_links_two_splits_is_held_out() -> None:
    first, middle, last = bridge()
    frozen = {
        content_id(text): assigned(text, split) for text, split in ((first, Split.TRAIN), (last, Split.TEST))
    }
    (assignment,) = assign_splits(by_id([first, last, middle]), frozen, CONFIG)
    assert assignment == SplitAssignment(
        text_id=content_id(middle), group_id=content_id(first), split=Split.EXCLUDED
    )


def test_whoever_joins_a_group_goes_where_the_group_is() -> None:
    first, middle, last = bridge()
    frozen = {content_id(first): assigned(first, Split.VALIDATION)}
    joined = assign_splits(by_id([first, middle, last]), frozen, CONFIG)
    assert [(row.group_id, row.split) for row in joined] == [(content_id(first), Split.VALIDATION)] * 2


def test_groups_are_shared_out_as_80_10_10() -> None:
    texts = {f"{index:04d}": f"name_{index} = {index}" for index in range(4000)}
    splits = [row.split for row in assign_splits(texts, {}, CorpusConfig(tau=1.0))]
    shares = [splits.count(split) / len(splits) for split in (Split.TRAIN, Split.VALIDATION, Split.TEST)]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def grow(ledger: LedgerWriter, cycle: int, sources: list[str | None]) -> None:
    ledger.add_prompts(cycle, [prompt(cycle, index) for index in range(len(sources))])
    ledger.add_candidates([candidate(cycle, index, source) for index, source in enumerate(sources)])


def test_the_store_keeps_the_first_assignment(tmp_path: Path) -> None:
    first, middle, last = bridge()
    with new_corpus(tmp_path) as ledger:
        grow(ledger, 0, [first, last])
        before = frozen_splits(ledger)
        grow(ledger, 1, [middle, "a = 1", None])
        after = frozen_splits(ledger)
        assert frozen_splits(ledger) == after
    assert list(after.items())[:2] == list(before.items())
    assert len(after) == 5


def test_a_reader_sees_what_freezing_would_give_and_keeps_nothing(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        grow(ledger, 0, ["a = 1"])
        with Ledger.open(ledger.path) as reader:
            foreseen = frozen_splits(reader)
            assert reader.splits() == {}
        frozen = frozen_splits(ledger)
    assert foreseen == frozen
    with Ledger.open(tmp_path / "corpus.db") as reader:
        assert frozen_splits(reader) == frozen


def test_a_store_of_another_definition_of_similarity_is_refused(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        ledger.set_meta("similarity", '{"similarity_version": 0}')
        with pytest.raises(SimilarityMismatchError):
            frozen_splits(ledger)
