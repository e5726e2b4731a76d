"""A directory that appears whole or not at all: written beside its place, then renamed.

This module does *not* know what is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.exchange.exporting.card import is_export
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
    occupied = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if occupied and not replace:
        raise LedgerExistsError(f"{target}: holds something already. Name a new directory, or give --force.")
    if occupied and not is_export(target):
        raise LedgerExistsError(
            f"{target}: holds something that is no export of archloop, and is left alone. "
            "Name a new directory."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    replaced = target.with_name(f".{target.name}.replaced-{os.getpid()}")
    partial.mkdir()
    try:
        yield partial
        if target.exists():
            target.rename(replaced)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        raise
    shutil.rmtree(replaced, ignore_errors=True)
