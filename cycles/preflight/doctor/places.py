"""Where files would lie: may we write there, does the ledger work on that file system, is there room?

A ledger is really written there, and removed again. This module does *not* make the run's directory.
"""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from corpus.ledger.connection import NETWORK_FILE_SYSTEMS, file_system_type
from cycles.figures.quantities import byte_size
from cycles.preflight.doctor.finding import Finding, fault, ok, warn

FAULT_BELOW_BYTES = 200 * 2**20
WARN_BELOW_BYTES = 2 * 2**30
_MOUNTS = Path("/proc/mounts")
_LOCAL = "put the run on a local disk: --out DIR"


def run_place(place: Path, mounts: str | None = None) -> Iterator[Finding]:
    """Examine the nearest existing directory of `place`.

    Args:
        place: Where the run's directory would be.
        mounts: The text of `/proc/mounts`, for other mounts than this machine's.
    """
    folder = _existing(place)
    try:
        with tempfile.TemporaryDirectory(prefix=".archloop-doctor-", dir=folder) as trial:
            store = _tried_store(Path(trial))
    except OSError as error:
        fix = f"change its permissions, or choose another place: --out DIR (now {place})"
        yield fault("Run folder", f"{folder.resolve()} cannot be written to: {error.strerror}", fix)
        return
    yield ok("Run folder", f"{folder.resolve()} can be written to")
    yield store
    if mounts is None:
        mounts = _MOUNTS.read_text(encoding="utf-8") if _MOUNTS.exists() else ""
    yield _file_system(folder, mounts)
    yield disk("Disk", folder)


def temporary_place() -> Finding:
    """Examine the directory for temporary files."""
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        return fault("Temporary", str(error), "set TMPDIR to a directory that can be written to")
    room = disk("Temporary", folder)
    return room if room.fix else ok("Temporary", f"{folder}: {room.says}")


def disk(subject: str, folder: Path) -> Finding:
    """Say how much room there is in `folder`."""
    free = shutil.disk_usage(folder).free
    says = f"{byte_size(free)} free"
    if free < FAULT_BELOW_BYTES:
        return fault(subject, f"{folder}: {says}; a run needs at least 0.2 GiB", "free some room")
    if free < WARN_BELOW_BYTES:
        fix = "enough for the embedded model; have 2 GiB for long runs, more for large adapters"
        return warn(subject, f"{folder}: {says}", fix)
    return ok(subject, says)


def _existing(place: Path) -> Path:
    """Return the nearest directory on the way to `place` that exists."""
    return next(each for each in (place, *place.absolute().parents) if each.is_dir())


def _tried_store(folder: Path) -> Finding:
    """Lock a file and write a SQLite database in WAL mode, as the ledger does."""
    try:
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        connection = sqlite3.connect(folder / "trial.db")
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            connection.execute("CREATE TABLE trial (value INTEGER)")
            connection.commit()
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        return fault("Ledger", f"SQLite or file locks do not work here: {error}", _LOCAL)
    if mode != "wal":
        return warn(
            "Ledger",
            f"SQLite's write-ahead log does not work here (mode {mode}), so that writing is slow",
            _LOCAL,
        )
    return ok("Ledger", f"SQLite {sqlite3.sqlite_version} writes and locks here")


def _file_system(folder: Path, mounts: str) -> Finding:
    kind = file_system_type(folder, mounts)
    if not kind:
        return warn("File system", "unknown: this system has no /proc/mounts", "see that it is a local disk")
    if kind in NETWORK_FILE_SYSTEMS or kind.startswith("fuse"):
        says = f"{kind}: a network file system, where the ledger is slow and several writers may damage it"
        if kind.startswith("fuse") and kind not in NETWORK_FILE_SYSTEMS:
            says = f"{kind}: made by a program of its own (FUSE), whose locks and durability vary"
        return warn("File system", says, _LOCAL)
    if kind in ("tmpfs", "ramfs"):
        return warn("File system", f"{kind}: in memory, gone with the next restart", _LOCAL)
    return ok("File system", kind)
