"""Warm zygotes, and one thread for each that takes jobs in turn; results come out in the order of the jobs.

A zygote that dies is replaced and its job done again. Zygotes are started by the thread that consumes the
results, never by the pool's own: see `evaluator.supervisor.zygote_process`.

This module does *not* know what a job is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic, TypeVar

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
    """A place for a zygote; `mended` is set when the one that died has been replaced."""

    number: int
    zygote: ZygoteProcess
    broken: bool = False
    mended: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class _Done(Generic[Result]):
    index: int
    result: Result


@dataclass(frozen=True)
class _Broken:
    slot: _Slot


@dataclass(frozen=True)
class _Raised:
    error: BaseException


class WorkerPool:
    """A fixed number of zygotes.

    Args:
        launch: Starts the zygote of a worker, numbered from 0, without waiting for it.
        workers: How many.
    """

    def __init__(self, launch: Callable[[int], ZygoteProcess], workers: int) -> None:
        self._launch = launch
        self._slots: list[_Slot] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._wake: Callable[[], None] = lambda: None
        try:
            for worker in range(workers):  # all of them first: they get warm side by side
                self._slots.append(_Slot(worker, launch(worker)))
            for slot in self._slots:
                slot.zygote.await_ready()
        except BaseException:
            self.close()
            raise

    def map(
        self,
        jobs: Iterable[Job],
        work: Callable[[ZygoteProcess, Job, threading.Event], Result],
        give_up: Callable[[Job], Result],
    ) -> Generator[Result, None, None]:
        """Yield the result of each job, in order. Closing the iterator stops what is under way.

        Args:
            jobs: Taken as needed, a few ahead of the results.
            work: Does a job with an idle zygote; returns soon, and with any result, once the event is set.
            give_up: Gives the result of a job whose zygote died `ATTEMPTS` times.

        Raises:
            SandboxError: A zygote cannot be replaced.
            RuntimeError: Another `map` of this pool is under way.
        """
        if self._threads:
            raise RuntimeError("this evaluator is already evaluating")
        for slot in self._slots:
            if slot.broken:
                self._mend(slot)
        queue: SimpleQueue[tuple[int, Job] | None] = SimpleQueue()
        events: SimpleQueue[_Done[Result] | _Broken | _Raised] = SimpleQueue()
        self._stop = threading.Event()

        def serve(slot: _Slot, stop: threading.Event) -> None:
            try:
                while (item := queue.get()) is not None and not stop.is_set():
                    index, job = item
                    for _ in range(ATTEMPTS):
                        try:
                            events.put(_Done(index, work(slot.zygote, job, stop)))
                            break
                        except ZygoteDied:
                            slot.broken = True
                            slot.mended.clear()
                            events.put(_Broken(slot))
                            if not stop.is_set():  # else nobody is left to mend it
                                slot.mended.wait()
                            if stop.is_set():
                                return
                    else:
                        events.put(_Done(index, give_up(job)))
            except BaseException as error:  # noqa: BLE001 - raised again where the results are consumed
                events.put(_Raised(error))

        self._wake = lambda: queue.put(None)
        self._threads = [
            threading.Thread(target=serve, args=(slot, self._stop), daemon=True) for slot in self._slots
        ]
        for thread in self._threads:
            thread.start()
        try:
            yield from self._in_order(jobs, queue, events)
        finally:
            self._halt()

    def _in_order(
        self,
        jobs: Iterable[Job],
        queue: SimpleQueue[tuple[int, Job] | None],
        events: SimpleQueue[_Done[Result] | _Broken | _Raised],
    ) -> Iterator[Result]:
        waiting = enumerate(jobs)
        finished: dict[int, Result] = {}
        submitted = yielded = 0
        while True:
            while submitted - yielded < _LOOK_AHEAD * len(self._slots):
                item = next(waiting, None)
                if item is None:
                    break
                queue.put(item)
                submitted += 1
            if yielded == submitted:
                return
            while yielded not in finished:
                event = events.get()
                if isinstance(event, _Done):
                    finished[event.index] = event.result
                elif isinstance(event, _Broken):
                    self._mend(event.slot)
                else:
                    raise event.error
            yield finished.pop(yielded)
            yielded += 1

    def close(self) -> None:
        """Stop what is under way and end all zygotes."""
        self._halt()
        for slot in self._slots:
            slot.zygote.close()
        self._slots = []

    def _mend(self, slot: _Slot) -> None:
        slot.zygote.close()
        slot.zygote = self._launch(slot.number)
        slot.zygote.await_ready()
        slot.broken = False
        slot.mended.set()

    def _halt(self) -> None:
        """Have the threads stop their jobs, and wait for them."""
        self._stop.set()
        for slot in self._slots:
            slot.mended.set()
        for _ in self._threads:
            self._wake()
        for thread in self._threads:
            thread.join()
        self._threads = []
