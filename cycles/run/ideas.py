"""The design ideas of a run: copied into its ledger when it is made, and read from there ever after.

This module does *not* draw ideas or carry any out.
"""

from __future__ import annotations

from pathlib import Path

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from cycles.config.run import RunConfig
from generator.config.strategy import SHIPPED
from generator.ideas.pool import IdeaError, IdeaPool, read_pool, shipped


def keep_ideas(ledger: LedgerWriter, config: RunConfig) -> None:
    """Copy the ideas that the configuration names into a ledger that has none, in one transaction.

    Raises:
        IdeaError: They cannot be read.
    """
    if config.strategy.idea_pool is not None and not ledger.idea_paths():
        pool = named_ideas(config.strategy.idea_pool)
        ledger.add_ideas(list(pool.template.values()), list(pool.ideas.values()))


def ideas_of(ledger: Ledger) -> IdeaPool | None:
    """Return the ideas of a run, None where it goes by none."""
    template = ledger.idea_paths()
    return IdeaPool(template, ledger.ideas()) if template else None


def named_ideas(name: str) -> IdeaPool:
    """Return the pool of a file, or the shipped one.

    Raises:
        IdeaError: It cannot be read, or is empty.
    """
    pool = shipped() if name == SHIPPED else read_pool(Path(name))
    if not pool.ideas:
        raise IdeaError(f"{name}: there are no ideas in it. Add one, or name another pool.")
    return pool
