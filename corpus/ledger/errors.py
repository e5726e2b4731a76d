"""What can go wrong with a ledger, each as one line that names the file.

    LedgerError
    ├── LedgerMissingError        nothing is there
    ├── LedgerExistsError         something is there, where a new ledger was to be made
    ├── NotALedgerError           a file, but not one of ours
    ├── NewerSchemaError          one of ours, from a later version
    ├── OlderSchemaError          one of ours, from an earlier version, opened for reading alone
    ├── LedgerLockedError         another process writes it, or the file system cannot lock
    ├── LedgerPermissionError     not ours to read or to write
    ├── StorageFullError          no room left
    ├── StorageRefusedError       the disk, a quota or a limit on file sizes refuses
    ├── SimilarityMismatchError   filled under another definition of similarity
    ├── LedgerCorruptError        one of ours, damaged
    └── ConflictError             an append that contradicts what is written

All but the last two the user can mend: those are a `Mistake` too. The last two come of a fault in archloop or
of damage, and so end with a traceback. Bad programs are *not* errors: they are rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.records.mistakes import Mistake, command_line


class LedgerError(Exception):
    """The ledger cannot be used as asked; nothing that was committed is lost."""


class LedgerMissingError(LedgerError, Mistake):
    """There is no ledger at the path."""


class LedgerExistsError(LedgerError, Mistake):
    """A new ledger was to be made where a file is."""


class NotALedgerError(LedgerError, Mistake):
    """The file is not a ledger of ours."""


class LedgerCorruptError(LedgerError):
    """The file is damaged."""


class NewerSchemaError(LedgerError, Mistake):
    """The ledger was written by a later version."""


class OlderSchemaError(LedgerError, Mistake):
    """The ledger was written by an earlier version, and reading alone cannot bring it up to date."""


class LedgerLockedError(LedgerError, Mistake):
    """Another process is writing to the ledger, or its file system cannot lock files."""


class LedgerPermissionError(LedgerError, Mistake):
    """The operating system forbids reading or writing."""


class StorageFullError(LedgerError, Mistake):
    """No room is left on the device."""


class StorageRefusedError(LedgerError, Mistake):
    """The operating system refuses to read or to write on: a quota, a limit on file sizes, a failing disk."""


class ConflictError(LedgerError):
    """A row would contradict one that is written, or refer to one that is not."""


class SimilarityMismatchError(LedgerError, Mistake):
    """The ledger was filled under another definition of similarity."""


@contextmanager
def sqlite_errors_named(path: Path) -> Iterator[None]:
    """Turn what SQLite raises inside the block into a `LedgerError` about `path`; our own faults pass."""
    try:
        yield
    except sqlite3.Error as error:
        named = _named(path, error)
        if named is None:
            raise
        raise named from error


def _named(path: Path, error: sqlite3.Error) -> LedgerError | None:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # without the extended part
    match code:
        case sqlite3.SQLITE_CONSTRAINT:
            return ConflictError(f"{path}: {error}. Rows are appended once and never changed.")
        case sqlite3.SQLITE_FULL:
            return StorageFullError(
                f"{path}: no room left on the disk. What is committed is kept: free some room and resume."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LedgerLockedError(f"{path}: locked by another process. Let it finish, or stop it.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return LedgerPermissionError(
                f"{path}: {error}. Check the permissions of the file and of its directory."
            )
        case sqlite3.SQLITE_NOTADB:
            return NotALedgerError(f"{path}: not an archloop ledger. Check the path.")
        case sqlite3.SQLITE_CORRUPT:
            return corrupt(path, str(error))
        case sqlite3.SQLITE_IOERR:
            return StorageRefusedError(
                f"{path}: {error}. Check disk, quota and the limit on file sizes; what is committed is kept."
            )
    return None


def corrupt(path: Path, finding: str) -> LedgerCorruptError:
    """Return the error for a damaged ledger."""
    return LedgerCorruptError(
        f"{path}: damaged ({finding}). Restore a copy, or save what can be read: "
        f"{command_line('sqlite3', path, '.recover')} | sqlite3 recovered.db"
    )
