"""Opens the ledger's SQLite file: checks that it is ours and whole, locks it for one writer, sets durability.

One process writes; others may read beside it (WAL). The writer's lock is an `flock` on a file beside the
database: the kernel drops it when the process dies, however it dies. On a network file system WAL cannot
work, so the ledger falls back to a rollback journal there and says so.

This module does *not* know the records, only the file.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

from corpus.files.whole import discard_partials, file_in_the_making
from corpus.ledger.errors import (
    LedgerExistsError,
    LedgerLockedError,
    LedgerMissingError,
    LedgerPermissionError,
    NewerSchemaError,
    NotALedgerError,
    OlderSchemaError,
    corrupt,
    sqlite_errors_named,
)
from corpus.ledger.schema import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    make_indexes,
    migrate,
    schema_version,
)
from corpus.ledger.steps import LEDGER_TABLES

BUSY_SECONDS = 10.0
"""How long a statement waits for a reader or a checkpoint."""

NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "gpfs", "lustre"}
    | {"ncpfs", "nfs", "nfs4", "smb3", "smbfs", "virtiofs"}
)

_log = logging.getLogger(__name__)


def open_database(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Return a connection to an existing ledger.

    Who writes has the whole file checked first, in time that grows with the file. Who reads gets the damage
    of a page as an error when that page is read; a file cut short is noticed at once.

    Raises:
        LedgerError: One of its kinds, by what is wrong with the file.
    """
    if not path.is_file():
        raise LedgerMissingError(f"{path}: there is no ledger here. Check the path, or start a run.")
    if not os.access(path, os.R_OK if read_only else os.R_OK | os.W_OK):
        verb = "read" if read_only else "write"
        raise LedgerPermissionError(f"{path}: no permission to {verb}. Change it with chmod or chown.")
    with sqlite_errors_named(path):
        connection = _connect(path, read_only)
        try:
            _check_identity(connection, path, read_only)
            if not read_only:
                _check_integrity(connection, path)
                _make_durable(connection, path)
                migrate(connection)
            _check_tables(connection, path)
            if not read_only:
                make_indexes(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def create_database(path: Path) -> None:
    """Write an empty ledger to `path`, whole or not at all. The caller holds the writer's lock.

    Raises:
        LedgerError: A file is there already, or none can be written.
    """
    if path.exists():
        raise LedgerExistsError(f"{path}: exists already. Open it, or choose another path.")
    discard_partials(path)
    with sqlite_errors_named(path), file_in_the_making(path) as partial:
        connection = sqlite3.connect(partial, isolation_level=None)
        try:
            migrate(connection)
        finally:
            connection.close()


def lock_for_writing(path: Path) -> IO[str]:
    """Return the open lock file beside `path`; the lock lasts until it is closed or the process ends.

    Raises:
        LedgerLockedError: Another process holds it, or the file system has no locks.
        LedgerPermissionError: The lock file cannot be written.
        LedgerMissingError: The directory is not there.
    """
    lock_path = path.with_name(path.name + ".lock")
    try:
        file = lock_path.open("a+", encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise LedgerMissingError(f"{path.parent}: there is no such directory. Make it first.") from None
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise LedgerPermissionError(
            f"{path.parent}: no permission to write here ({error.strerror}). Change it, or choose another."
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read(20).strip() or "unknown"
        file.close()
        raise LedgerLockedError(
            f"{path}: process {holder} is writing to it. Let it finish, or stop it; reading is possible."
        ) from None
    except OSError as error:
        file.close()
        raise LedgerLockedError(
            f"{path}: its file system cannot lock files ({error.strerror}). Put the run on a local disk."
        ) from None
    with suppress(OSError):  # the process id is a courtesy to whoever finds the ledger locked
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
    return file


def file_system_type(path: Path, mounts: str) -> str:
    """Return the type of the file system that holds `path`, by the text of `/proc/mounts`; else ""."""
    resolved = path.resolve()
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # The kernel writes blanks in paths as octal escapes.
        point = Path(fields[1].replace("\\040", " ").replace("\\011", "\t"))
        if resolved.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.resolve()))}?mode={'ro' if read_only else 'rw'}"
    if read_only and not os.access(path.parent, os.W_OK) and not _left_to_replay(path):
        # WAL wants to write beside the file even to read it; with nothing left to replay it need not.
        uri += "&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    # Without it, INSERT OR REPLACE would delete behind the triggers' back.
    connection.execute("PRAGMA recursive_triggers = ON")
    return connection


def _left_to_replay(path: Path) -> bool:
    """Return whether a writer that was killed left a log beside the ledger."""
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _check_identity(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise NotALedgerError(f"{path}: not an archloop ledger. Check the path.")
    version = schema_version(connection)
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"{path}: written by a newer archloop (schema {version}, this one knows {SCHEMA_VERSION}). "
            "Upgrade archloop."
        )
    if version < 1:
        raise corrupt(path, f"its schema version is {version}")
    if read_only and version < SCHEMA_VERSION:
        raise OlderSchemaError(
            f"{path}: has the older schema {version}. Open it once for writing to upgrade it, as "
            "archloop resume RUN does."
        )


def _check_integrity(connection: sqlite3.Connection, path: Path) -> None:
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise corrupt(path, finding)


def _check_tables(connection: sqlite3.Connection, path: Path) -> None:
    found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    missing = sorted(set(LEDGER_TABLES) - found)
    if missing:
        raise corrupt(path, f"it lacks the table {missing[0]}")


def _make_durable(connection: sqlite3.Connection, path: Path) -> None:
    mounts = Path("/proc/mounts")
    kind = file_system_type(path, mounts.read_text(encoding="utf-8")) if mounts.exists() else ""
    if kind in NETWORK_FILE_SYSTEMS:
        _log.warning(
            "%s lies on a network file system (%s) and will be slow. Better keep it on a local disk.",
            path,
            kind,
        )
    connection.execute(f"PRAGMA journal_mode = {'DELETE' if kind in NETWORK_FILE_SYSTEMS else 'WAL'}")
    connection.execute("PRAGMA synchronous = FULL")
