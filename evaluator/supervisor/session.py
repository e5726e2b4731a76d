"""One program's stay in a child process: bytes in, bytes out, and the clock, until something ends it.

Whatever happens, the child and all that it started are gone when a session returns or raises.

This module does *not* judge: it reports how the stay ended, and whoever made the talk draws the conclusions.
"""

from __future__ import annotations

import os
import selectors
import shutil
import socket
import tempfile
import threading
import time
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from corpus.records.candidates import Candidate
from evaluator.channel.framing import FrameReader, FramingError
from evaluator.channel.limits import Limits
from evaluator.channel.messages import Exited, Fork, Started
from evaluator.channel.stopping import StopRule
from evaluator.errors import ZygoteDied
from evaluator.supervisor.errands.talk import ProtocolBreach, Talk
from evaluator.supervisor.printed import Printed, PrintedReader
from evaluator.supervisor.zygote_process import ZygoteProcess

_CHUNK_BYTES = 65536
_TICK_SECONDS = 0.1
_SELF_EXIT_SECONDS = 0.5
_BURIAL_SECONDS = 10.0


class Cause(Enum):
    """Why the supervisor ended a child that had not finished."""

    WALL_TIME = auto()
    OUTPUT = auto()
    BREACH = auto()
    STOPPED = auto()
    SILENCE = auto()
    """It closed its channel and stayed alive."""


@dataclass(frozen=True)
class Ending:
    """How a stay ended.

    Attributes:
        cause: Why the supervisor ended it; None if the talk was finished or the child ended by itself.
        detail: What the breach was.
        exited: The kernel's word about the child.
        printed: What it printed.
        wall_seconds: From the order to fork until the end of the talk.
    """

    cause: Cause | None
    detail: str
    exited: Exited
    printed: Printed
    wall_seconds: float


class Session:
    """One child, from the order to fork to its burial.

    Args:
        zygote: An idle zygote.
        talk: The talk to have with the child; it says what the child is forked for.
        limits: What the child may use.
        job: A number that this zygote has not had before.
        stop: When set, the session ends at once with cause STOPPED.
        rule: When the child ends its training early; None for never.
        own: The candidate, for what its program brings along; None for nothing.
    """

    def __init__(
        self,
        zygote: ZygoteProcess,
        talk: Talk,
        limits: Limits,
        *,
        job: int,
        stop: threading.Event,
        rule: StopRule | None = None,
        own: Candidate | None = None,
    ) -> None:
        self._zygote, self._talk, self._limits = zygote, talk, limits
        self._job, self._stop, self._rule, self._own = job, stop, rule, own
        self._frames = FrameReader()
        self._outgoing = bytearray(talk.opening())
        self._printed = PrintedReader()
        self._pid: int | None = None
        self._exited: Exited | None = None
        self._hung_up = False
        self._cause: Cause | None = None
        self._detail = ""
        self._selector = selectors.DefaultSelector()

    def run(self, scratch_root: Path) -> Ending:
        """Have the stay, in a new directory under `scratch_root` that is removed afterwards.

        Raises:
            ZygoteDied: The zygote went away or hangs; nothing is known of the program.
        """
        scratch = Path(tempfile.mkdtemp(dir=scratch_root))
        self._channel, theirs = socket.socketpair()
        self._output, output = os.pipe()
        started = time.monotonic()
        try:
            try:
                self._zygote.fork(self._order(scratch), channel=theirs.fileno(), output=output)
            finally:
                theirs.close()
                os.close(output)
            self._watch_descriptors()
            self._have_talk(started + self._limits.wall_seconds)
            wall_seconds = time.monotonic() - started
            exited = self._end()
        except ZygoteDied:
            self._kill_the_orphan()
            raise
        finally:
            self._selector.close()
            self._channel.close()
            os.close(self._output)
            shutil.rmtree(scratch, ignore_errors=True)
        return Ending(self._cause, self._detail, exited, self._printed.close(), wall_seconds)

    def _order(self, scratch: Path) -> Fork:
        return Fork(
            job=self._job,
            errand=self._talk.errand,
            limits=self._limits,
            scratch=str(scratch),
            stop=self._rule,
            hyperparameters=self._own.hyperparameters if self._own else (),
            transforms=self._own.transforms if self._own else (),
        )

    def _watch_descriptors(self) -> None:
        self._channel.setblocking(False)
        os.set_blocking(self._output, False)
        self._selector.register(self._channel, selectors.EVENT_READ, self._on_channel)
        self._selector.register(self._output, selectors.EVENT_READ, self._on_output)
        self._selector.register(self._zygote.control, selectors.EVENT_READ, self._on_report)

    def _have_talk(self, deadline: float) -> None:
        """Serve the descriptors until the talk is finished, the child is gone, or a cause to end it."""
        while not (self._talk.finished or self._exited or self._hung_up or self._cause):
            if self._stop.is_set():
                self._cause = Cause.STOPPED
            elif time.monotonic() >= deadline:
                self._cause = Cause.WALL_TIME
            else:
                self._serve(min(_TICK_SECONDS, deadline - time.monotonic()))

    def _end(self) -> Exited:
        """Bring the child to its end if it is not there yet, and hear its last frames if they still count."""
        if self._hung_up and self._cause is None and not self._talk.finished:
            self._await_exit(_SELF_EXIT_SECONDS)
            if self._exited is None:
                self._cause = Cause.SILENCE
        if self._exited is None:
            self._zygote.kill(self._job)
            self._await_exit(_BURIAL_SECONDS)
        if self._exited is None:
            raise ZygoteDied("a zygote hangs")
        # The kernel may tell of the end before the last frames are read.
        while self._cause is None and not self._hung_up and not self._talk.finished:
            self._on_channel(selectors.EVENT_READ)
        self._on_output(selectors.EVENT_READ)
        return self._exited

    def _await_exit(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._exited is None and time.monotonic() < deadline:
            self._serve(_TICK_SECONDS)

    def _serve(self, seconds: float) -> None:
        if not self._hung_up:
            writing = selectors.EVENT_WRITE if self._outgoing else 0
            self._selector.modify(self._channel, selectors.EVENT_READ | writing, self._on_channel)
        for key, events in self._selector.select(max(0.0, seconds)):
            key.data(events)

    def _on_channel(self, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                del self._outgoing[: self._channel.send(self._outgoing)]
            if events & selectors.EVENT_READ:
                self._hear(self._channel.recv(_CHUNK_BYTES))
        except BlockingIOError:
            # Only with the child gone, an open channel means that a descendant held it: there is nothing more
            # to hear.
            if self._exited is not None:
                self._hang_up()
        except ConnectionError:
            self._hang_up()

    def _hear(self, data: bytes) -> None:
        if not data:
            self._hang_up()
            return
        self._frames.feed(data)
        try:
            while self._cause is None and not self._talk.finished and (frame := self._frames.next()):
                self._outgoing += self._talk.receive(frame)
        except (FramingError, ProtocolBreach) as error:
            self._cause, self._detail = Cause.BREACH, str(error)

    def _hang_up(self) -> None:
        if not self._hung_up:
            self._hung_up = True
            self._selector.unregister(self._channel)

    def _on_output(self, _events: int) -> None:
        try:
            data = os.read(self._output, _CHUNK_BYTES)
        except BlockingIOError:
            return
        if not data and self._output in self._selector.get_map():
            self._selector.unregister(self._output)
        self._printed.feed(data)
        if self._printed.bytes > self._limits.output_bytes and not (self._cause or self._talk.finished):
            self._cause = Cause.OUTPUT

    def _on_report(self, _events: int) -> None:
        report = self._zygote.receive()
        if isinstance(report, Started):
            self._pid = report.pid
        elif isinstance(report, Exited) and report.job == self._job:
            self._exited = report

    def _kill_the_orphan(self) -> None:
        """Kill what a child started whose zygote died; the child itself the kernel has killed."""
        if self._pid is not None and self._exited is None:
            try:
                os.killpg(self._pid, 9)
            except (ProcessLookupError, PermissionError):
                return
