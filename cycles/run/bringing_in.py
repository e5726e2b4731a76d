"""The programs of others that a run is made with: imported into its ledger, and read from there ever after.

This module does *not* choose who of them teaches (`cycles.teachers.imported` does).
"""

from __future__ import annotations

from pathlib import Path

from corpus.exchange.importing.importer import import_programs, recognise
from corpus.exchange.importing.source import ImportSourceError
from corpus.ledger.writer import LedgerWriter
from corpus.records.mistakes import command_line
from cycles.config.run import RunConfig


def require_source(config: RunConfig) -> None:
    """Look at the source that the configuration names, if it names any.

    Raises:
        ImportSourceError: It is not there, or is no source of programs.
    """
    if config.teaching.imported_from:
        recognise(Path(config.teaching.imported_from))


def bring_in(ledger: LedgerWriter, config: RunConfig) -> None:
    """Import what the configuration names into a ledger that holds no imported program, in one transaction.

    Raises:
        ImportSourceError: It cannot be read, or no program in it can be used.
    """
    place = config.teaching.imported_from
    if not place or ledger.provenance():
        return
    report = import_programs(recognise(Path(place)), ledger)
    if not report.programs:
        left = ", ".join(f"{count} {reason}" for reason, count in report.reasons().items()) or "it is empty"
        look = command_line("archloop", "import", place, "new.db", "--dry-run")
        raise ImportSourceError(f"{place}: no program in it can be used ({left}). Look at each: {look}")
