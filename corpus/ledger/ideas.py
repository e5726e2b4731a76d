"""Design ideas and their template as rows of the ledger, and back: each record is one JSON document.

A run holds the pool that it was made with, so that it goes on, and can be read, wherever a file of ideas has
gone or grown since. This module does *not* draw ideas.
"""

from __future__ import annotations

from corpus.ledger.opened import OpenLedger
from corpus.records.search.ideas import Idea, SubCategory


class IdeaShelf(OpenLedger):
    """What a ledger knows of ideas."""

    def ideas(self) -> list[Idea]:
        """Return the ideas in the order in which they were appended."""
        found = self._select("SELECT document FROM ideas ORDER BY seq")
        return [Idea.model_validate_json(row["document"]) for row in found]

    def idea_paths(self) -> list[SubCategory]:
        """Return the template: its sub-categories in their order."""
        found = self._select("SELECT document FROM idea_paths ORDER BY seq")
        return [SubCategory.model_validate_json(row["document"]) for row in found]
