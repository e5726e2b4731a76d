"""Work in a thread of its own, beside the loop: batches of items, a few of them ahead of whoever takes them.

The thread touches no ledger: its items are taken, and recorded, by the thread that made the `Background`.
What it raises arrives there as itself, after the items before it. This module does *not* know what the work
is, and kills nothing: a batch under way is waited for.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")

_NAME = "archloop-background"
_TICK_SECONDS = 0.02
"""How long a taker waits for an item before it is told that there is none yet. Our choice: short beside any
judgement, long beside a look."""


class Background(Generic[Item]):
    """Runs through `batches` in a thread while the `with` block runs; iterate over it to take the items.

    It ends the thread when the block ends, and waits for that: until the batch under way is done, unless the
    block is left by `KeyboardInterrupt`, which waits for nothing.

    Args:
        batches: The work: what a batch gives is ready item by item. The next batch is begun once few items
            wait, so that a batch that began is never held up.
        ahead: Items that may wait when a batch is begun.
    """

    def __init__(self, batches: Iterable[Iterable[Item]], ahead: int = 1) -> None:
        self._batches, self._ahead = batches, ahead
        self._waiting: deque[Item] = deque()
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._work, name=_NAME, daemon=True)
        self.stopping = False
        """Whether the thread was asked to end; long work looks at it."""
        self.seconds = 0.0
        """Wall time that the finished batches took."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ask_to_stop()
        if kind is None or issubclass(kind, Exception):
            self._thread.join()

    def __iter__(self) -> Iterator[Item | None]:
        """Yield the items as they come, and None after each short while in which none came.

        Raises:
            BaseException: What the work raised, once all before it is taken.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended, _TICK_SECONDS)
                item = self._waiting.popleft() if self._waiting else None
                ended = item is None and self._ended
                self._changed.notify_all()
            if not ended:
                yield item
            elif self._error is not None:
                raise self._error
            else:
                return

    def stop(self) -> list[Item]:
        """End the thread, and return what it made that nobody has taken."""
        self._ask_to_stop()
        self._thread.join()
        left, self._waiting = list(self._waiting), deque()
        return left

    def _ask_to_stop(self) -> None:
        with self._changed:
            self.stopping = True
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            for batch in self._batches:
                with self._changed:
                    self._changed.wait_for(lambda: self.stopping or len(self._waiting) <= self._ahead)
                if self.stopping:
                    break
                self._do(batch)
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: the taker raises it
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _do(self, batch: Iterable[Item]) -> None:
        started = time.monotonic()
        try:
            for item in batch:
                with self._changed:
                    self._waiting.append(item)
                    self._changed.notify_all()
        finally:
            self.seconds += time.monotonic() - started


def left_at_work() -> bool:
    """Return whether a thread is at work that nobody waits for, as after a second Ctrl-C."""
    return any(thread.name == _NAME for thread in threading.enumerate())
