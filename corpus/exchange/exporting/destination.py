"""Where an export may be written: a new directory, or in the place of an earlier export, and nowhere else.

This module does *not* know what is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.exchange.exporting.card import is_export
from corpus.files.whole import directory_in_the_making, is_taken
from corpus.ledger.errors import LedgerExistsError


@contextmanager
def new_directory(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty directory that becomes `target` when the block ends, and vanishes when it raises.

    Args:
        target: A new or empty directory.
        replace: Whether an earlier export may stand there; it is removed once the new one is complete.

    Raises:
        LedgerExistsError: `target` holds something else, or is a file.
        OSError: It cannot be written.
    """
    target = target.absolute()
    if is_taken(target) and not replace:
        raise LedgerExistsError(f"{target}: holds something already. Name a new directory, or give --force.")
    if is_taken(target) and not is_export(target):
        raise LedgerExistsError(
            f"{target}: holds something that is no export of archloop, and is left alone. "
            "Name a new directory."
        )
    with directory_in_the_making(target, replace=replace) as partial:
        yield partial
