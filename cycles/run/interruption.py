"""Ctrl-C that loses nothing: the first one asks the loop to stop at the next safe point, the second stops
at once.

Everything that the ledger holds is already safe on disk, so "at once" costs only the candidate, batch or
fine-tuning under way. SIGTERM (a scheduler's way to say stop) is treated the same.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any


class Interrupted(Exception):
    """The user asked to stop; everything finished is in the ledger."""


class Interruption:
    """Catches SIGINT and SIGTERM while the `with` block runs.

    Args:
        notify: Called once with a line for the user, when the first signal arrives.
    """

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._requested = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise `Interrupted` if a stop was asked for. Called at each safe point."""
        if self._requested:
            raise Interrupted

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
        self._notify(
            "Stopping after the current step; everything so far is kept. Ctrl-C again stops at once."
        )
