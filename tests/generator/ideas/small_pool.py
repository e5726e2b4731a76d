"""A pool of a few ideas under a template of two levels, four categories and five sub-categories."""

from __future__ import annotations

from corpus.records.search.ideas import Idea, IdeaSource, SubCategory
from generator.ideas.pool import IdeaPool

TEMPLATE = {
    "operator/activation/smooth": ("GELU", "gelu", "SiLU"),
    "operator/activation/gated": ("GLU", "functional.glu"),
    "operator/normalisation/batch": ("BatchNorm2d",),
    "block/shortcuts/identity": ("residual",),
    "network/width/scaling": (),
}
"""Paths with their marks."""


def small_pool(count: int = 1, **more: int) -> IdeaPool:
    """Return `count` ideas for each sub-category, and more of those whose last part is named."""
    template = [
        SubCategory(path=path, says=f"What is said of {path}.", origin="ours", marks=marks)
        for path, marks in TEMPLATE.items()
    ]
    ideas = [
        Idea(
            id=f"{path.rpartition('/')[2]}-{number}",
            path=path,
            statement=f"Idea {number} on {path}, as a sentence.",
            sources=(IdeaSource(title="a test"),),
        )
        for path in TEMPLATE
        for number in range(count + more.get(path.rpartition("/")[2], 0))
    ]
    return IdeaPool(template, ideas)
