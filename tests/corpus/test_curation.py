"""What is kept of a collection: step by step, one of all that are alike, and always the earliest."""

from __future__ import annotations

import random
import re

from corpus.novelty.curation import curate
from corpus.novelty.similarity import Shingler
from tests.corpus.test_similarity import edited, grammar_programs

PROGRAMS = grammar_programs(8, seed=5)
SHINGLER = Shingler(10)


def test_each_step_takes_what_is_alike_in_its_way() -> None:
    renumbered = re.sub(r"(?<![\w.])\d+", lambda found: str(int(found[0]) + 1), PROGRAMS[1])
    near = edited(PROGRAMS[0], 1, random.Random(1))
    collection = {
        "a": PROGRAMS[0], "b": PROGRAMS[0], "c": near, "d": PROGRAMS[1], "e": renumbered, "f": PROGRAMS[2],
        "g": PROGRAMS[3],
    }  # fmt: skip
    tau = SHINGLER.similarity(PROGRAMS[0], near)
    assert SHINGLER.similarity(PROGRAMS[1], renumbered) < tau
    found = curate(collection, SHINGLER, tau, {"f": "one network", "g": "one network"})
    assert found.given == list("abcdefg")
    assert found.exact == list("acdefg")
    assert found.lexical == list("adefg")
    assert found.structural == list("adf")


def test_no_two_that_stay_are_alike_and_whoever_goes_has_one_that_stays_beside_it() -> None:
    chance = random.Random(3)
    texts = [edited(source, count, chance) for source in PROGRAMS for count in (0, 1, 2, 4)]
    chance.shuffle(texts)
    collection = {f"p{number:02d}": text for number, text in enumerate(texts)}
    for tau in (0.7, 0.9):
        found = curate(collection, SHINGLER, tau, {})
        kept = set(found.lexical)

        def alike(one: str, other: str, tau: float = tau) -> bool:
            return SHINGLER.similarity(collection[one], collection[other]) >= tau

        assert not any(alike(one, other) for one in kept for other in kept if one < other)
        for name in set(found.exact) - kept:
            assert any(alike(name, stays) for stays in kept if stays < name)


def test_a_chain_of_near_duplicates_is_cut_where_its_ends_are_unlike() -> None:
    first = PROGRAMS[0]
    second = edited(first, 2, random.Random(1))
    third = edited(second, 2, random.Random(2))
    tau = min(SHINGLER.similarity(second, other) for other in (first, third))
    assert SHINGLER.similarity(first, third) < tau
    assert curate({"1": first, "2": second, "3": third}, SHINGLER, tau, {}).lexical == ["1", "3"]
    assert curate({"2": second, "1": first, "3": third}, SHINGLER, tau, {}).lexical == ["2"]


def test_an_empty_collection_stays_empty() -> None:
    assert curate({}, SHINGLER, 0.9, {}) == ([], [], [], [])
