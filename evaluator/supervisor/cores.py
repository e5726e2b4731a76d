"""Processors for workers: each gets its own, and two evaluators on one machine do not take the same ones.

A processor is taken by locking a small file; the kernel gives it back when its holder ends, however it ends.

This module does *not* pin anything (the zygote does), and it is a courtesy, not a limit: where too few are
free, workers run wherever the kernel puts them.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path


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
        place.mkdir(mode=0o700, exist_ok=True)
        taken: list[int] = []
        for core in sorted(os.sched_getaffinity(0)):
            if len(taken) == wanted:
                break
            lock = os.open(place / str(core), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
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
