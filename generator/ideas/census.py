"""A pool counted: how many ideas under each part of the template, with a codemod or not, and by whom.

This module does *not* look at runs: what came of ideas is `cycles.figures.coverage`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from corpus.records.search.ideas import Idea
from generator.ideas.pool import IdeaPool
from generator.ideas.sampling import evenness


class Count(NamedTuple):
    """What lies under one part of a template.

    Attributes:
        path: The part: a level, a category, a sub-category.
        ideas: Ideas.
        codemods: Of them, those that a program can carry out.
    """

    path: str
    ideas: int
    codemods: int


class Census(NamedTuple):
    """A pool counted.

    Attributes:
        parts: Every part of the template, each before what is below it.
        authors: Ideas by author, most first.
        categories: Evenness over the categories, in [0, 1]; None where that says nothing.
        leaves: Evenness over the sub-categories.
    """

    parts: tuple[Count, ...]
    authors: dict[str, int]
    categories: float | None
    leaves: float | None


def census(pool: IdeaPool) -> Census:
    """Return the counts of a pool."""
    ideas = Counter(_parts(pool.ideas.values()))
    codemods = Counter(_parts(idea for idea in pool.ideas.values() if idea.codemod is not None))
    return Census(
        parts=tuple(Count(path, ideas[path], codemods[path]) for path in template_parts(pool)),
        authors=dict(Counter(idea.author for idea in pool.ideas.values()).most_common()),
        categories=evenness(ideas, pool.categories),
        leaves=evenness(ideas, list(pool.template)),
    )


def template_parts(pool: IdeaPool) -> list[str]:
    """Return the levels, categories and sub-categories of a template, each before what is below it."""
    return list(dict.fromkeys(part for path in pool.template for part in _above(path)))


def _parts(ideas: Iterable[Idea]) -> Iterable[str]:
    return (part for idea in ideas for part in _above(idea.path))


def _above(path: str) -> list[str]:
    """Return a path's level, its category and itself."""
    words = path.split("/")
    return ["/".join(words[: depth + 1]) for depth in range(len(words))]
