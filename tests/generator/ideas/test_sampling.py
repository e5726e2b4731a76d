"""Drawing ideas, and how evenly they cover a template."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from corpus.records.search.ideas import Idea, IdeaSource, SubCategory
from generator.ideas.pool import IdeaPool
from generator.ideas.sampling import Sampling, draw, evenness

PATHS = ["o/a/one", "o/a/two", "o/b/one", "n/a/one", "n/a/empty"]
COUNTS = {"o/a/one": 90, "o/a/two": 1, "o/b/one": 6, "n/a/one": 3}
POOL = IdeaPool(
    [SubCategory(path=path, says="Whatever it is.", origin="ours") for path in PATHS],
    [
        Idea(
            id=f"{path.replace('/', '-')}-{number}",
            path=path,
            statement="Do it like this.",
            sources=(IdeaSource(title="A"),),
        )
        for path, count in COUNTS.items()
        for number in range(count)
    ],
)
DRAWS = 4_000


def drawn(sampling: Sampling) -> list[Idea]:
    rng = random.Random(0)
    return [draw(POOL, rng, sampling) for _ in range(DRAWS)]


def shares(values: list[str]) -> dict[str, float]:
    return {name: count / len(values) for name, count in Counter(values).items()}


def test_fair_is_uniform_over_categories_then_sub_categories_then_ideas() -> None:
    ideas = drawn("fair")
    categories = shares([idea.category for idea in ideas])
    assert categories == pytest.approx({"o/a": 1 / 3, "o/b": 1 / 3, "n/a": 1 / 3}, abs=0.03)
    paths = shares([idea.path for idea in ideas])
    assert paths == pytest.approx(
        {"o/a/one": 1 / 6, "o/a/two": 1 / 6, "o/b/one": 1 / 3, "n/a/one": 1 / 3}, abs=0.03
    )
    within = shares([idea.id for idea in ideas if idea.path == "n/a/one"])
    assert within == pytest.approx(dict.fromkeys(within, 1 / 3), abs=0.05)


def test_uniform_follows_how_many_ideas_there_are() -> None:
    paths = shares([idea.path for idea in drawn("uniform")])
    assert paths == pytest.approx({path: count / 100 for path, count in COUNTS.items()}, abs=0.03)


def test_chance_is_the_callers() -> None:
    assert drawn("fair") == drawn("fair")
    assert [draw(POOL, random.Random(seed)).id for seed in range(20)] != [
        draw(POOL, random.Random(0)).id
    ] * 20


@pytest.mark.parametrize("sampling", ["fair", "uniform"])
def test_an_empty_pool_has_nothing_to_draw(sampling: Sampling) -> None:
    with pytest.raises(ValueError, match="no ideas"):
        draw(IdeaPool(POOL.template.values(), []), random.Random(0), sampling)


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        ({"a": 5, "b": 5, "c": 5, "d": 5}, 1.0),
        ({"a": 7}, 0.0),
        ({"a": 5, "b": 5}, 0.5),
        ({"a": 5, "b": 5, "else": 90}, 0.5),
        ({}, None),
        ({"else": 3}, None),
    ],
)
def test_evenness_is_entropy_over_its_greatest(counts: dict[str, int], value: float | None) -> None:
    assert evenness(counts, "abcd") == (None if value is None else pytest.approx(value))
