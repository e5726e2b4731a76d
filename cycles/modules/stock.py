"""The modules of a run: copied into its ledger when it is made, and read from there ever after.

So a run goes on, and can be read, wherever the library that it was made with has gone or grown since. This
module does *not* mine or probe.
"""

from __future__ import annotations

from pathlib import Path

from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.mistakes import Mistake, command_line
from cycles.config.run import RunConfig
from cycles.modules.filling import opened_library
from generator.modules.library import mined_library
from generator.trees.primitives import with_mined
from generator.trees.specs import Library


class NoModulesError(Mistake):
    """A library holds nothing that a tree can be made of."""


def stock(ledger: LedgerWriter, config: RunConfig) -> None:
    """Copy the library that the configuration names into a ledger that has none, in one transaction.

    Raises:
        LedgerMissingError: There is no such library.
    """
    if config.strategy.library is None or ledger.modules():
        return
    with opened_library(Path(config.strategy.library)) as library:
        ledger.copy_modules(library)


def library_of(config: RunConfig, ledger: Ledger | None = None) -> Library | None:
    """Return the modules that the trees of a run may be made of, None for our own primitives alone.

    Args:
        config: The run's configuration.
        ledger: The run's ledger; None where there is no run: the library itself is read.

    Raises:
        LedgerMissingError: There is no such library.
        NoModulesError: Nothing in it can be used.
    """
    place = config.strategy.library
    if place is None:
        return None
    if ledger is not None:
        return _usable(ledger, place)
    with opened_library(Path(place)) as library:
        return _usable(library, place)


def _usable(ledger: Ledger, place: str) -> Library:
    mined = mined_library(ledger.modules(), ledger.module_probes())
    if not mined:
        again = command_line("archloop", "modules", "mine", "torch.nn", "--library", place)
        raise NoModulesError(f"{place}: no module in it can be used. Mine more: {again}")
    return with_mined(mined.values())
