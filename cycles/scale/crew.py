"""The crew: judging workers of a Ray cluster, each with one piece of work at a time, replaced when lost.

A worker is lost when its process or its node dies, and is held to be lost when it takes too long over a
piece of work: then it is ended. Another one starts in its place, wherever the cluster has room, and until
then the others go on. What a lost worker had in hand is reported as lost; nothing that it might still say is
listened to, so no piece of work has two results.

This module does *not* know what the work is, or whether what was lost is tried again
(`cycles.scale.judging` does). It is for one thread.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple

from corpus.records.mistakes import Mistake
from cycles.config.scale import ScaleConfig
from cycles.scale.worker import Greeting, JudgingWorker, unlike
from evaluator.config import EvaluatorConfig
from evaluator.errors import SandboxError

logger = logging.getLogger(__name__)

START_SECONDS = 300.0
"""Longest time without any worker, our choice: a sandbox alone may take 180 seconds to start."""

_CLOSE_SECONDS = 5.0
_START_ATTEMPTS = 10
"""Starts that may fail one after the other before the crew makes do with one worker less: our choice."""


class UnfitNode(SandboxError, Mistake):
    """A node of the cluster cannot judge as this machine would; the message names it, and has the remedy."""


class Ended(NamedTuple):
    """A piece of work that is over.

    Attributes:
        number: The number that it was given with.
        lost: Whether its worker was lost with it.
        result: What the worker returned; None where it was lost.
    """

    number: int
    lost: bool
    result: Any = None


@dataclass(eq=False)
class _Worker:
    """One worker: what it is doing, and until when. Without a greeting it is still starting.

    Attributes:
        actor: Ray's handle.
        call: What it was asked last; None when that is answered.
        greeting: What it said of its node.
        number: The piece of work that it has in hand.
        deadline: When it is held to be lost, on the monotonic clock.
    """

    actor: Any
    call: Any
    greeting: Greeting | None = None
    number: int | None = None
    deadline: float = math.inf

    @property
    def idle(self) -> bool:
        return self.greeting is not None and self.call is None


class Crew:
    """The workers of a cluster that this process has joined. A context manager.

    Args:
        scale: How many, and where.
        evaluator: What each is to judge by.
        protocol_id: The run's protocol, which theirs must be.
        welcome: Is handed what each worker says of its node.
        note: Is told what happens to workers, a line at a time.
    """

    def __init__(
        self,
        scale: ScaleConfig,
        evaluator: EvaluatorConfig,
        protocol_id: str,
        *,
        welcome: Callable[[Greeting], object],
        note: Callable[[str], None],
    ) -> None:
        self._evaluator, self._protocol_id = evaluator, protocol_id
        self._welcome, self._note = welcome, note
        self._wanted = scale.workers
        self.size = 0
        """How many workers there are to be."""
        self._workers: list[_Worker] = []
        self._failed_starts = 0

    def __enter__(self) -> Crew:
        """Start the workers, and wait for those that there is room for.

        Raises:
            SandboxError: None of them starts.
            UnfitNode: A node cannot judge as this machine would.
        """
        import ray

        needs = {"num_cpus": self._evaluator.threads, "num_gpus": int(self._evaluator.on_gpu)}
        whole, free = map(self._places, (ray.cluster_resources(), ray.available_resources()))
        self.size = self._wanted or max(1, whole)
        kind = ray.remote(**needs, max_restarts=0, scheduling_strategy="SPREAD")
        self._kind = kind(JudgingWorker)
        started = time.monotonic()
        try:
            self._fill()
            while (
                len(self._ready) < min(max(1, free), self.size) and time.monotonic() < started + START_SECONDS
            ):
                self.hear()
            if not self._ready:
                raise self._nobody("none of them started")
        except BaseException:
            self._end()
            raise
        nodes = {worker.greeting.node for worker in self._ready if worker.greeting}
        self._note(f"Ray: {len(self._ready)} judging workers of {self.size} on {', '.join(sorted(nodes))}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        import ray

        self.halt()
        closing = [worker.actor.close.remote() for worker in self._ready]
        if closing:
            with suppress(ray.exceptions.RayError):
                ray.wait(closing, num_returns=len(closing), timeout=_CLOSE_SECONDS)
        self._end()

    def _places(self, resources: Mapping[str, float]) -> int:
        """Return for how many workers there is room; on GPUs each has one of its own."""
        places = int(resources.get("CPU", 0)) // self._evaluator.threads
        return min(places, int(resources.get("GPU", 0))) if self._evaluator.on_gpu else places

    @property
    def _ready(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.greeting is not None]

    def take(self, number: int, method: str, subject: object, seconds: float) -> bool:
        """Give a piece of work to a worker that has none; return whether there was one.

        Args:
            number: How it is called when it is over.
            method: The method of `JudgingWorker` that does it.
            subject: What it is given.
            seconds: After which its worker is held to be lost.
        """
        worker = next((worker for worker in self._workers if worker.idle), None)
        if worker is None:
            return False
        worker.call, worker.number = getattr(worker.actor, method).remote(subject), number
        worker.deadline = time.monotonic() + seconds
        return True

    def hear(self, *, wait: bool = True) -> list[Ended]:
        """Return the work that is over since the last time.

        Args:
            wait: Whether to wait until something happens: also a worker that is there at last is something.

        Raises:
            SandboxError: A sandbox broke, or no worker can be started any more.
            UnfitNode: A worker has come up on a node that cannot judge as this machine would.
        """
        import ray

        self._fill()
        calls = {worker.call: worker for worker in self._workers if worker.call is not None}
        if not calls:
            return []
        patience = min(worker.deadline for worker in calls.values()) - time.monotonic()
        if not self._ready:
            patience = START_SECONDS
        if wait:
            ray.wait(list(calls), timeout=max(0.0, min(patience, START_SECONDS)))
        answered, _ = ray.wait(list(calls), num_returns=len(calls), timeout=0)
        ended = [self._answer(calls[call]) for call in answered]
        if not answered and wait and not self._ready:
            raise self._nobody(f"none is there for {START_SECONDS:g} seconds")
        now = time.monotonic()
        for worker in set(calls.values()) - {calls[call] for call in answered}:
            if worker.deadline <= now:
                ended.append(self._lose(worker, "takes too long"))
        return [each for each in ended if each is not None]

    def halt(self) -> None:
        """Stop all work; nothing of it is heard of any more."""
        for worker in self._workers[:]:
            if worker.number is not None:
                self._dismiss(worker)

    def _fill(self) -> None:
        """Let as many workers start as are missing."""
        while len(self._workers) < self.size:
            actor = self._kind.remote(self._evaluator)
            self._workers.append(_Worker(actor, actor.start.remote()))

    def _answer(self, worker: _Worker) -> Ended | None:
        """Take in what a worker answered; return the work that is over with it."""
        import ray

        try:
            answer = ray.get(worker.call)
        except ray.exceptions.RayTaskError as error:
            raise SandboxError(f"a judging worker broke: {error}") from error
        except ray.exceptions.RayError as error:
            return self._lose(worker, str(error).partition("\n")[0])
        if worker.greeting is None:
            self._greet(worker, answer)
            return None
        number, worker.number, worker.call, worker.deadline = worker.number, None, None, math.inf
        assert number is not None
        return Ended(number, lost=False, result=answer)

    def _greet(self, worker: _Worker, answer: Greeting | str) -> None:
        finding = answer if isinstance(answer, str) else unlike(answer, self._protocol_id)
        if finding is not None:
            raise UnfitNode(f"a node of the Ray cluster cannot judge. {finding}")
        assert isinstance(answer, Greeting)
        worker.greeting, worker.call = answer, None
        self._failed_starts = 0
        self._welcome(answer)

    def _lose(self, worker: _Worker, why: str) -> Ended | None:
        """Be without a worker from now on; return the work that is over with it."""
        self._dismiss(worker)
        if worker.greeting is None:
            logger.info("a judging worker did not start: %s", why)
            self._failed_starts += 1
            if self._failed_starts == _START_ATTEMPTS:
                self._failed_starts = 0
                self.size -= 1
                self._note(f"Ray: a judging worker does not start ({why}); {self.size} are left")
                if not self.size:
                    raise self._nobody(why)
            return None
        self._note(f"Ray: a judging worker on {worker.greeting.node} was lost ({why}); another one starts")
        return None if worker.number is None else Ended(worker.number, lost=True)

    def _dismiss(self, worker: _Worker) -> None:
        import ray

        self._workers.remove(worker)
        ray.kill(worker.actor)

    def _end(self) -> None:
        for worker in self._workers[:]:
            self._dismiss(worker)

    def _nobody(self, why: str) -> SandboxError:
        return SandboxError(
            f"no judging worker could be started on the Ray cluster: {why}. See that archloop is installed "
            f"on its nodes, and that one has {self._evaluator.threads} processors free (ray status)"
        )
