"""What can go wrong with a store, each as one line that names the file and the remedy.

    CorpusError
    ├── CorpusMissingError        nothing is there
    ├── CorpusExistsError         something is there, where a new store was to be made
    ├── NotACorpusError           a file, but not one of ours
    ├── CorpusCorruptError        one of ours, damaged
    ├── NewerSchemaError          one of ours, from a later version
    ├── CorpusLockedError         another process writes it, or the file system cannot lock
    ├── CorpusPermissionError     not ours to read or to write
    ├── StorageFullError          no room left
    ├── ConflictError             an append that contradicts what is written
    └── SimilarityMismatchError   filled under another definition of similarity

Bad programs are *not* errors: they are rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CorpusError(Exception):
    """The store cannot be used as asked; nothing that was committed is lost."""


class CorpusMissingError(CorpusError):
    """There is no store at the path."""


class CorpusExistsError(CorpusError):
    """A new store was to be made where a file is."""


class NotACorpusError(CorpusError):
    """The file is not a store of ours."""


class CorpusCorruptError(CorpusError):
    """The file is damaged."""


class NewerSchemaError(CorpusError):
    """The store was written by a later version."""


class CorpusLockedError(CorpusError):
    """Another process is writing to the store, or its file system cannot lock files."""


class CorpusPermissionError(CorpusError):
    """The operating system forbids reading or writing."""


class StorageFullError(CorpusError):
    """No room is left on the device."""


class ConflictError(CorpusError):
    """A row would contradict one that is written, or refer to one that is not."""


class SimilarityMismatchError(CorpusError):
    """The store was filled under another definition of similarity."""


@contextmanager
def sqlite_errors_named(path: Path) -> Iterator[None]:
    """Turn what SQLite raises inside the block into a `CorpusError` about `path`; our own faults pass."""
    try:
        yield
    except sqlite3.Error as error:
        named = _named(path, error)
        if named is None:
            raise
        raise named from error


def _named(path: Path, error: sqlite3.Error) -> CorpusError | None:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # without the extended part
    match code:
        case sqlite3.SQLITE_CONSTRAINT:
            return ConflictError(f"{path}: {error}. Rows are appended once and never changed.")
        case sqlite3.SQLITE_FULL:
            return StorageFullError(
                f"{path}: no room left on the disk. What is committed is kept: free some room and resume."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return CorpusLockedError(f"{path}: locked by another process. Let it finish, or stop it.")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return CorpusPermissionError(
                f"{path}: {error}. Check the permissions of the file and of its directory."
            )
        case sqlite3.SQLITE_NOTADB:
            return NotACorpusError(f"{path}: not an archloop corpus. Check the path.")
        case sqlite3.SQLITE_CORRUPT:
            return corrupt(path, str(error))
        case sqlite3.SQLITE_IOERR:
            return CorpusError(f"{path}: {error}. Check disk and quota; what is committed is kept.")
    return None


def corrupt(path: Path, finding: str) -> CorpusCorruptError:
    """Return the error for a damaged store."""
    return CorpusCorruptError(
        f"{path}: damaged ({finding}). Restore a copy, or save what can be read: "
        f"sqlite3 {path} .recover | sqlite3 recovered.db"
    )
