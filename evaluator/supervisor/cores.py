"""Processors for workers: each gets its own, and two evaluators on one machine do not take the same ones.

A processor is taken by locking a small file; the kernel gives it back when its holder ends, however it ends.

The files lie in a folder of the user's own in the temporary directory. Its name can be guessed, so somebody
else may have made it first: then nothing in it is touched, and processors are not shared out.

This module does *not* pin anything (the zygote does), and it is a courtesy, not a limit: where too few are
free, workers run wherever the kernel puts them.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import stat
import tempfile
from pathlib import Path

_LOG = logging.getLogger(__name__)


class Cores:
    """Processors held for the workers of one evaluator.

    Args:
        workers: How many workers.
        threads: How many processors each of them needs.
    """

    def __init__(self, workers: int, threads: int) -> None:
        self._locks: list[int] = []
        self._of_worker: list[tuple[int, ...]] = []
        free = self._take(workers * threads)
        for worker in range(len(free) // threads):
            self._of_worker.append(tuple(free[worker * threads : (worker + 1) * threads]))

    def of_worker(self, worker: int) -> tuple[int, ...]:
        """Return the processors of a worker, from 0; empty when there are none of its own."""
        return self._of_worker[worker] if worker < len(self._of_worker) else ()

    def release(self) -> None:
        """Give all of them back."""
        for lock in self._locks:
            os.close(lock)
        self._locks = []

    def _take(self, wanted: int) -> list[int]:
        """Lock as many processors as wanted, all or none, and return their numbers."""
        place = Path(tempfile.gettempdir(), f"archloop-cores-{os.getuid()}")
        try:
            folder = _own_folder(place)
        except OSError as error:
            _LOG.warning(
                "%s: %s, so processors are not shared out among evaluators: remove it", place, error.strerror
            )
            return []
        try:
            return self._take_from(folder, wanted)
        finally:
            os.close(folder)

    def _take_from(self, folder: int, wanted: int) -> list[int]:
        taken: list[int] = []
        for core in sorted(os.sched_getaffinity(0)):
            if len(taken) == wanted:
                break
            flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
            lock = os.open(str(core), flags, 0o600, dir_fd=folder)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            self._locks.append(lock)
            taken.append(core)
        if len(taken) < wanted:
            self.release()
            return []
        return taken


def _own_folder(place: Path) -> int:
    """Return the descriptor of the folder at `place`, made if need be, that only this user can enter.

    Raises:
        OSError: It cannot be made, is a link or no folder, or is open to others.
    """
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    status = os.fstat(folder)
    if status.st_uid == os.getuid() and not stat.S_IMODE(status.st_mode) & 0o077:
        return folder
    os.close(folder)
    raise PermissionError(errno.EPERM, "it is somebody else's, or open to others")
