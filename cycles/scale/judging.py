"""`RayEvaluator`: judges as `evaluator.supervisor.sandbox` does, on the machines of a Ray cluster.

A judgement depends on the program and the protocol alone, so whoever makes it, and however often it is begun,
it is the same; the first result is taken. Results come out in the order of the programs, so that the run
decides on admission as it does on one machine. This module does *not* write a row, and knows no ledger.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Generic, TypeVar

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.machines import Machine
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import Transcript
from cycles.config.scale import ScaleConfig
from cycles.scale.cluster import joined
from cycles.scale.crew import Crew
from cycles.scale.worker import Greeting
from evaluator.channel.stopping import StopRule
from evaluator.config import EvaluatorConfig
from evaluator.isolation.tiers import Tier
from evaluator.supervisor.errands.probing import no_probe
from evaluator.supervisor.errands.scripting import no_transcript
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.supervisor.verdict import unjudgeable

Job = TypeVar("Job")
Result = TypeVar("Result")

_LOOK_AHEAD = 4
"""Jobs taken on for each worker, so that one slow job does not leave the others idle."""


class RayEvaluator:
    """Judges programs on a cluster. A context manager; it works inside the `with` block, in one thread.

    Args:
        scale: The cluster, and the patience with it.
        config: The protocol and the limits.
        machine: Is told of each machine that judges, before its first judgement is yielded.
        note: Is told what happens to workers, a line at a time.

    Raises:
        Mistake: The task's files are missing here, or do not go with the settings.
    """

    def __init__(
        self,
        scale: ScaleConfig,
        config: EvaluatorConfig,
        *,
        machine: Callable[[Machine], object],
        note: Callable[[str], None],
    ) -> None:
        self.protocol_id: str = SandboxedEvaluator(config).protocol_id
        """Names all that an accuracy depends on."""
        self.tier: Tier | None = None
        """How programs are contained on the node that was ready first."""
        self.isolation: str = ""
        """The same in a line for people."""
        self._scale, self._config, self._machine = scale, config, machine
        self._crew = Crew(scale, config, self.protocol_id, welcome=self._greeted, note=note)
        self._started = ExitStack()
        self._working = False

    def __enter__(self) -> RayEvaluator:
        """Join the cluster and start the workers: half a minute.

        Raises:
            UsageError: No cluster answers.
            SandboxError: No worker starts, or one is on a node that cannot judge as this machine would.
        """
        with ExitStack() as starting:
            starting.enter_context(joined(self._scale.address))
            starting.enter_context(self._crew)
            self._started = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._started.close()

    def evaluate(
        self, candidates: Iterable[Candidate | None], stop: StopRule | None = None
    ) -> Generator[Evaluation, None, None]:
        """Yield one evaluation for each candidate, in order; as many are under way as there are workers.

        Each names the machine that made it. Closing the iterator ends the workers that have work.

        Args:
            candidates: Taken as needed; None among them says that there is none yet.
            stop: When a training is ended early; None for never.

        Raises:
            SandboxError: The machinery broke. Programs never cause it, nor does a node that dies.
        """
        attempts = self._scale.attempts
        jobs = ((each, stop) if each is not None else None for each in candidates)
        return self._map(
            jobs,
            "evaluate",
            self._config.limits.wall_seconds,
            lambda job: unjudgeable(job[0], self.protocol_id, attempts),
        )

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        """Return what each program builds, in order; see `SandboxedEvaluator.probe`."""
        attempts = self._scale.attempts
        return list(
            self._map(sources, "probe", self._config.limits.wall_seconds, lambda _: no_probe(attempts))
        )

    def execute(self, code: str) -> Transcript:
        """Return what a script prints, and how it ended; see `SandboxedEvaluator.execute`."""
        attempts, seconds = self._scale.attempts, self._config.script_limits.wall_seconds
        (result,) = self._map([code], "execute", seconds, lambda _: no_transcript(attempts))
        return result

    def _map(
        self, jobs: Iterable[Job | None], method: str, seconds: float, give_up: Callable[[Job], Result]
    ) -> Generator[Result, None, None]:
        """Yield the result of each job, in order.

        Args:
            jobs: Taken as needed, a few ahead of the results. None among them says that there is none yet:
                what is done is yielded, and the next one asked for again.
            method: The method of a worker that does one.
            seconds: Wall time that a worker allows for one.
            give_up: Gives the result of a job with which `attempts` workers were lost.
        """
        if self._working:
            raise RuntimeError("this evaluator is already evaluating")
        self._working = True
        open_jobs = _OpenJobs(jobs)
        done: dict[int, Result] = {}
        turn = 0
        try:
            while open_jobs.take_on(_LOOK_AHEAD * self._crew.size):
                limit = seconds + self._scale.grace_seconds
                while (number := open_jobs.first) is not None and self._crew.take(
                    number, method, open_jobs.jobs[number], limit
                ):
                    open_jobs.begun()
                handed_over = turn in done
                if handed_over:
                    del open_jobs.jobs[turn]
                    yield done.pop(turn)
                    turn += 1
                for ended in self._crew.hear(wait=not (handed_over or open_jobs.none_yet)):
                    if not ended.lost:
                        done[ended.number] = ended.result
                    elif open_jobs.lost(ended.number) == self._scale.attempts:
                        done[ended.number] = give_up(open_jobs.jobs[ended.number])
                    else:
                        open_jobs.again(ended.number)
        finally:
            self._crew.halt()
            self._working = False

    def _greeted(self, greeting: Greeting) -> None:
        self._machine(greeting.machine)
        if not self.isolation:
            self.tier, self.isolation = greeting.tier, greeting.isolation


class _OpenJobs(Generic[Job]):
    """Jobs that were taken on and whose results are not handed over yet, numbered from 0 as they come.

    Attributes:
        jobs: The jobs by their numbers.
        none_yet: Whether the next one is not there yet.
    """

    def __init__(self, coming: Iterable[Job | None]) -> None:
        self.jobs: dict[int, Job] = {}
        self.none_yet = False
        self._coming, self._ended, self._count = iter(coming), False, 0
        self._to_do: list[int] = []  # a heap: what is handed over first is begun first
        self._losses: Counter[int] = Counter()

    def take_on(self, most: int) -> bool:
        """Take on jobs until `most` are open; return whether any is open, or may still come."""
        self.none_yet = False
        while not (self._ended or self.none_yet) and len(self.jobs) < most:
            try:
                job = next(self._coming)
            except StopIteration:
                self._ended = True
                break
            self.none_yet = job is None
            if job is not None:
                self.jobs[self._count] = job
                self.again(self._count)
                self._count += 1
        return bool(self.jobs) or not self._ended

    @property
    def first(self) -> int | None:
        """The job to be begun next."""
        return self._to_do[0] if self._to_do else None

    def begun(self) -> None:
        """Count the first job as begun."""
        heapq.heappop(self._to_do)

    def lost(self, number: int) -> int:
        """Return how often a worker was lost with a job, this time included."""
        self._losses[number] += 1
        return self._losses[number]

    def again(self, number: int) -> None:
        """Have a job begun, once more where it was begun before."""
        heapq.heappush(self._to_do, number)
