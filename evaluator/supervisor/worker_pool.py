"""Warm zygotes, each with one job at a time; results come out in the order of the jobs.

A zygote that dies is replaced and its job done again. One thread of the pool starts all zygotes, does nothing
else and lives as long as they do: see `evaluator.supervisor.zygote_process`.

This module does *not* know what a job is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import LifoQueue
from typing import TypeVar

from evaluator.errors import ZygoteDied
from evaluator.supervisor.zygote_process import ZygoteProcess

Job = TypeVar("Job")
Result = TypeVar("Result")

ATTEMPTS = 3
"""How often a job is tried when its zygote dies."""

_LOOK_AHEAD = 4
"""Jobs taken on for each worker, so that one slow job does not leave the others idle."""


@dataclass
class _Slot:
    """A place for a zygote; None stands there from the death of one to the start of the next."""

    number: int
    zygote: ZygoteProcess | None = None


class WorkerPool:
    """Zygotes up to a number. It may be used from any thread, by one at a time.

    The first is warm from the beginning, so that what keeps zygotes from starting shows then. Each takes some
    seconds of a core to get warm, so the others are started when there is work for them.

    Args:
        launch: Starts the zygote of a worker, numbered from 0, without waiting for it.
        workers: How many at most.

    Raises:
        SandboxError: The first zygote does not start.
    """

    def __init__(self, launch: Callable[[int], ZygoteProcess], workers: int) -> None:
        self._launch = launch
        self._spawner = ThreadPoolExecutor(1, "spawner")
        self._slots = [_Slot(number) for number in range(workers)]
        self._stop = threading.Event()
        self._threads: ThreadPoolExecutor | None = None
        try:
            self._warm(self._slots[0])
        except BaseException:
            self.close()
            raise

    def map(
        self,
        jobs: Iterable[Job | None],
        work: Callable[[ZygoteProcess, Job, threading.Event], Result],
        give_up: Callable[[Job], Result],
    ) -> Generator[Result, None, None]:
        """Yield the result of each job, in order. Closing the iterator stops what is under way.

        Args:
            jobs: Taken as needed, a few ahead of the results. None among them says that there is none yet:
                what is done is yielded, and the next one asked for again.
            work: Does a job with an idle zygote; returns soon, and with any result, once the event is set.
            give_up: Gives the result of a job whose zygote died `ATTEMPTS` times.

        Raises:
            SandboxError: A zygote cannot be started.
            RuntimeError: Another `map` of this pool is under way.
        """
        if self._threads is not None:
            raise RuntimeError("this evaluator is already evaluating")
        self._stop = stop = threading.Event()
        self._threads = threads = ThreadPoolExecutor(len(self._slots), "worker")
        idle: LifoQueue[_Slot] = LifoQueue()  # the last that was at work is warm
        for slot in sorted(self._slots, key=lambda slot: slot.zygote is not None):
            idle.put(slot)

        def do(job: Job) -> Result:
            slot = idle.get()  # there are as many slots as threads
            try:
                for _ in range(ATTEMPTS):
                    if stop.is_set():  # nobody waits for the result
                        break
                    try:
                        return work(self._warm(slot), job, stop)
                    except ZygoteDied:
                        _bury(slot)
                return give_up(job)
            finally:
                idle.put(slot)

        waiting, ended = iter(jobs), False
        under_way: deque[Future[Result]] = deque()
        try:
            while under_way or not ended:
                none_yet = False
                for job in waiting:
                    none_yet = job is None
                    if job is not None:
                        under_way.append(threads.submit(do, job))
                    if none_yet or len(under_way) == _LOOK_AHEAD * len(self._slots):
                        break
                else:
                    ended = True
                if under_way and (not none_yet or under_way[0].done()):
                    yield under_way.popleft().result()
        finally:
            self._halt()

    def close(self) -> None:
        """Stop what is under way and end all zygotes."""
        self._halt()
        for slot in self._slots:
            _bury(slot)
        self._spawner.shutdown()

    def _warm(self, slot: _Slot) -> ZygoteProcess:
        """Return the zygote of `slot`, another one if the last one died."""
        if slot.zygote is not None:
            return slot.zygote
        try:
            zygote = self._fill(slot)
            zygote.await_ready()
        except BaseException:
            _bury(slot)
            raise
        return zygote

    def _fill(self, slot: _Slot) -> ZygoteProcess:
        slot.zygote = self._spawner.submit(self._launch, slot.number).result()
        return slot.zygote

    def _halt(self) -> None:
        """Have the threads stop their jobs, and wait for them."""
        self._stop.set()
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None


def _bury(slot: _Slot) -> None:
    if slot.zygote is not None:
        slot.zygote.close()
        slot.zygote = None
