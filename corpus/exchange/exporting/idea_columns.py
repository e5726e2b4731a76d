"""The columns of the table of design ideas that a run went by; and its rows.

An idea is no program, so all are in train. Its licence is the one that its author states, else that of what
was read for it. This module does *not* write files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from corpus.exchange.exporting.column_types import Row
from corpus.records.exchange import NO_LICENCE, Split
from corpus.records.search.ideas import Idea, IdeaSource


class IdeaRow(Row):
    """One design idea of the pool that the run went by, with the sources that it was read in."""

    split: Split
    """train."""
    id: str
    """Its name within the pool."""
    path: str
    """Level, category and sub-category."""
    statement: str
    """What it says."""
    author: str
    """Who put it into words: archloop, or the name of a model."""
    sources: tuple[IdeaSource, ...]
    """Where it was read: title, section and licence of each."""
    codemod: str | None
    """The same as a change of a tree of modules, as JSON; null where it is for a model to carry out."""
    opposite: str | None
    """The idea that says the contrary, null where none does."""
    licence: str
    """SPDX expression of its words, else of what was read; NOASSERTION where one states none."""


def idea_rows(ideas: Iterable[Idea]) -> Iterator[IdeaRow]:
    """Yield the rows of ideas."""
    for idea in ideas:
        yield IdeaRow(
            split=Split.TRAIN,
            id=idea.id,
            path=idea.path,
            statement=idea.statement,
            author=idea.author,
            sources=idea.sources,
            codemod=None if idea.codemod is None else idea.codemod.model_dump_json(exclude_defaults=True),
            opposite=idea.opposite,
            licence=licence_of(idea),
        )


def licence_of(idea: Idea) -> str:
    """Return the licence of an idea, or of its sources together; SPDX knows no AND with NOASSERTION."""
    if idea.licence is not None:
        return idea.licence
    stated = sorted({source.licence for source in idea.sources})
    if NO_LICENCE in stated:
        return NO_LICENCE
    return (
        stated[0]
        if len(stated) == 1
        else " AND ".join(f"({each})" if " " in each else each for each in stated)
    )
