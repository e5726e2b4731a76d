"""A point of a search space as a proposal. This module does *not* choose points."""

from __future__ import annotations

from typing import TypeVar

from corpus.records.search.proposals import Decision, Proposal
from generator.spaces.contract import Space

Point = TypeVar("Point")


def proposed(
    space: Space[Point],
    point: Point,
    *,
    operator: str,
    decisions: tuple[Decision, ...],
    parents: tuple[str, ...] = (),
    seed: int | None = None,
    call: str | None = None,
    idea: str | None = None,
) -> Proposal:
    """Return the proposal of a point: its program, and its identity within the space.

    Args:
        space: The space.
        point: A legal point.
        operator: The kind of step that led to it.
        decisions: What was decided, and by whom.
        parents: Ids of the candidates that it was derived from.
        seed: What it was drawn with.
        call: The recorded call that it comes from.
        idea: What it tries.
    """
    return Proposal(
        program=space.render(point),
        author=space.author,
        call=call,
        key=space.key(point),
        parents=parents,
        operator=operator,
        idea=idea,
        decisions=decisions,
        seed=seed,
    )
