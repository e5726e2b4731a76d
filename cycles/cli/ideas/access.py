"""Finds the ideas that a command is about: of the package, of a file, of a run; and parts of their template.

This module opens for reading only, and does *not* show anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.records.mistakes import command_line, did_you_mean
from cycles.errors import UsageError

if TYPE_CHECKING:
    from corpus.ledger.reader import Ledger
    from corpus.records.search.ideas import SubCategory
    from generator.ideas.pool import IdeaPool


def pool_at(place: Path | None) -> IdeaPool:
    """Return the pool that a path means: a run's, or a file's; the shipped one without a path.

    Raises:
        Mistake: There is none.
    """
    from generator.ideas.pool import read_pool, shipped

    if place is None:
        return shipped()
    if not place.is_dir() and place.suffix != ".db":
        return read_pool(place)
    with ledger_at(place) as ledger:
        return run_ideas(ledger, place)


@contextmanager
def ledger_at(place: Path) -> Iterator[Ledger]:
    """Open the ledger of a run, or the one that a path names, for reading.

    Raises:
        Mistake: There is none.
    """
    from cycles.cli.corpus.access import opened

    with opened(place) as (ledger, _):
        if ledger is None:
            raise UsageError(f"{place} holds no run. Name a run's directory, or a file of ideas.")
        yield ledger


def run_ideas(ledger: Ledger, place: Path) -> IdeaPool:
    """Return the ideas that a run went by.

    Raises:
        UsageError: It went by none.
    """
    from cycles.run.ideas import ideas_of

    pool = ideas_of(ledger)
    if pool is None:
        start = command_line("archloop", "run", "--set", "strategy.ideas=shipped")
        raise UsageError(f"{place}: this run goes by no ideas. Start one that does: {start}")
    return pool


def within(pool: IdeaPool, at: Sequence[str] | None) -> list[SubCategory]:
    """Return the sub-categories of the parts of a template that are named; all where none is.

    Raises:
        UsageError: There is no such part.
    """
    from generator.ideas.census import template_parts

    known, tops = template_parts(pool), [part.strip("/") for part in at or []]
    for top in tops:
        if top not in known:
            hint = did_you_mean(top, known)
            raise UsageError(f"The template has no part '{top}'.{hint} See: archloop ideas stats")
    return [
        leaf
        for path, leaf in pool.template.items()
        if not tops or any(f"{path}/".startswith(f"{top}/") for top in tops)
    ]
