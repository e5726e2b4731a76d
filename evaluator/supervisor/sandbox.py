"""`SandboxedEvaluator`: the evaluator that the loop uses. Read this first.

    supervisor (here: targets, clocks, verdicts)  ->  zygote (warm torch)  ->  one child for each program

A program is linted, executed, built, checked, trained for the protocol's epochs and asked for predictions in
a process of its own; all that comes back are small frames. The score is computed here.

This module does *not* import torch, and does not run, parse or unpickle anything that a program made.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from types import TracebackType
from typing import TypeVar

from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.search.probes import Probe
from corpus.records.search.transcripts import Transcript
from evaluator.channel.limits import Limits
from evaluator.channel.stopping import StopRule
from evaluator.config import EvaluatorConfig
from evaluator.errors import SandboxError
from evaluator.isolation.probe import probe
from evaluator.isolation.tiers import Tier, choose_tier, describe
from evaluator.supervisor.conversation import Conversation
from evaluator.supervisor.cores import Cores
from evaluator.supervisor.demands import require_enough, require_fit
from evaluator.supervisor.errands.building import BuildingTalk
from evaluator.supervisor.errands.probing import ProbeTalk, no_probe, probe_record
from evaluator.supervisor.errands.scripting import ScriptTalk, no_transcript, transcript
from evaluator.supervisor.errands.talk import Talk
from evaluator.supervisor.exam import Exam
from evaluator.supervisor.marking.units import TargetUnit
from evaluator.supervisor.protocol import SplitName, protocol_id, training_plan
from evaluator.supervisor.scratch import Scratch
from evaluator.supervisor.session import Ending, Session
from evaluator.supervisor.timed_exam import TimedExam
from evaluator.supervisor.verdict import evaluation, no_code, unjudgeable
from evaluator.supervisor.worker_pool import ATTEMPTS, WorkerPool
from evaluator.supervisor.zygote_process import ZygoteProcess, training_data_file
from evaluator.tasks import Examples, Task, TaskSpec, load_task, reads_files, resized, task_spec

SomeTalk = TypeVar("SomeTalk", bound=Talk)


class SandboxedEvaluator:
    """Judges programs in processes of their own. A context manager; `evaluate` works inside the `with` block.

    Args:
        config: The protocol and the limits.
        split: What accuracy is measured on. Selection uses "val"; "test" is for the final wave alone, and
            only then is the test split read at all.
        task: The task's data, loaded by the name in `config` when not given.
    """

    def __init__(
        self, config: EvaluatorConfig, *, split: SplitName = "val", task: Task | None = None
    ) -> None:
        if task is None and reads_files(config.task):  # what is in the files is part of the protocol's id
            task = load_task(config.task, config.data_path, train_images=config.train_images)
        spec = task.spec if task else task_spec(config.task)
        require_fit(spec, config)
        if task is not None:
            require_enough(task, config)
        self.config = config
        self.task: TaskSpec = spec.resized(config.resize)
        """What is known of the task: name, version, chance, and the shape that programs see."""
        self.protocol_id: str = protocol_id(config, self.task, split)
        """Names all that an accuracy depends on."""
        self.tier: Tier | None = None
        """How programs are contained; known once the `with` block is entered."""
        self.isolation: str = ""
        """The same in a line for people, with what a missing barrier costs."""
        self._split_name, self._data = split, task
        self._jobs = itertools.count()
        self._pool: WorkerPool | None = None

    def __enter__(self) -> SandboxedEvaluator:
        """Load the task, find out how programs can be contained, and start a zygote: some seconds.

        Raises:
            SandboxError: The platform or the installation cannot do it, or offers no isolation.
            TaskDataError: The task has too few examples for the protocol, or does not go with its settings.
        """
        if not sys.platform.startswith("linux"):
            raise SandboxError("programs can only be evaluated on Linux")
        checks = probe()
        self.tier = choose_tier(self.config.isolation, checks)
        self.isolation = describe(self.tier, checks)
        task = self._data or load_task(
            self.config.task, task_seed=self.config.task_seed, train_images=self.config.train_images
        )
        require_enough(task, self.config)
        self.task = task.spec.resized(self.config.resize)
        exam = task.val if self._split_name == "val" else task.read_test()
        self._exam_split: Examples = resized(exam, self.config.resize)
        self._scratch = Scratch()
        train = resized(task.train, self.config.resize)
        plan = training_plan(self.config, task)
        self.target_unit: TargetUnit | None = TargetUnit.of(train.targets, plan.shape)
        """In which unit programs learn the targets of a regression, and answer; None for other kinds."""
        targets = self.target_unit.standardised(train.targets) if self.target_unit else train.targets
        self._training_data = training_data_file(train.inputs.data.cast("B"), targets.data.cast("B"))
        self._max_kept_bytes = plan.max_kept_bytes
        home = self._scratch.path / "zygotes"
        home.mkdir()
        workers = min(self.config.workers, len(os.sched_getaffinity(0)))
        self._cores = Cores(workers, self.config.threads)
        launch = functools.partial(ZygoteProcess, plan, self._training_data, home, tier=self.tier)
        try:
            self._pool = WorkerPool(lambda worker: launch(cores=self._cores.of_worker(worker)), workers)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        self._release()

    def evaluate(
        self, candidates: Iterable[Candidate | None], stop: StopRule | None = None
    ) -> Generator[Evaluation, None, None]:
        """Yield one evaluation for each candidate, in order; a few are under way at the same time.

        Closing the iterator, or leaving the `with` block, kills what is under way.

        Args:
            candidates: Taken as needed; None among them says that there is none yet.
            stop: When a training is ended early; None for never.

        Raises:
            SandboxError: The machinery broke. Programs never cause it.
        """
        return self._workers().map(
            candidates,
            functools.partial(self._judge, rule=stop),
            lambda candidate: unjudgeable(candidate, self.protocol_id, ATTEMPTS),
        )

    def probe(self, sources: Sequence[str]) -> list[Probe]:
        """Return what each program builds, in order: linted, built, one forward pass, nothing trained.

        A program goes through the same jail, limits and steps as in an evaluation, up to the first training
        step. What a probe says is its process's claim, but for times and memory.

        Raises:
            SandboxError: The machinery broke. Programs never cause it.
            RuntimeError: An evaluation is under way.
        """
        return list(self._workers().map(sources, self._probe, lambda _: no_probe(ATTEMPTS)))

    def execute(self, code: str) -> Transcript:
        """Run a script over the training split, and return what it printed and how it ended.

        It gets `train_images`, a NumPy array uint8 `(N, C, H, W)`, `train_labels`, int64 `(N,)`, and
        `hyperparameters`, the protocol's by name, and nothing of the other splits; torch and NumPy can be
        imported. Where a task is of another kind they are its inputs, perhaps float32 and `(N, C, L)`, and
        its targets `(N, *target_shape)`, of a regression standardised.

        Raises:
            SandboxError: The machinery broke. Scripts never cause it.
            RuntimeError: An evaluation is under way.
        """
        (result,) = self._workers().map([code], self._execute, lambda _: no_transcript(ATTEMPTS))
        return result

    def attend(
        self, begin: Callable[[], SomeTalk], own: Candidate | None = None
    ) -> tuple[SomeTalk, Ending] | None:
        """Have one talk with a child, and return it with its ending; None where zygote after zygote died.

        Args:
            begin: Begins the talk, and once more where a zygote died with it.
            own: The candidate, for what its program brings along; None for nothing.

        Raises:
            SandboxError: The machinery broke. Programs never cause it.
            RuntimeError: An evaluation is under way.
        """

        def have(
            zygote: ZygoteProcess, begin: Callable[[], SomeTalk], stop: threading.Event
        ) -> tuple[SomeTalk, Ending] | None:
            talk = begin()
            return talk, self._stay(zygote, talk, self.config.limits, stop, own=own)

        (found,) = self._workers().map([begin], have, lambda _: None)
        return found

    def exam_for(self, candidate: Candidate) -> Exam:
        """Return a fresh exam for a candidate that has a program."""
        return Exam(
            self._exam_split,
            self.task.shape,
            batch_size=self.config.predict_batch_size,
            topic=f"{self.protocol_id}\n{candidate.source}",
            unit=self.target_unit,
        )

    def _timing_for(self, candidate: Candidate) -> TimedExam | None:
        """Return single images to be answered against the clock, None where no time is to be measured."""
        if not self.config.timed_images:
            return None
        split, some = self._exam_split, slice(self.config.timed_images)
        return TimedExam(
            Examples(split.inputs[some], split.targets[some]),
            self.task.shape,
            batch_size=1,
            topic=candidate.source or "",
            unit=self.target_unit,
        )

    def _judge(
        self, zygote: ZygoteProcess, candidate: Candidate, stop: threading.Event, *, rule: StopRule | None
    ) -> Evaluation:
        if candidate.source is None:
            return no_code(candidate, self.protocol_id)
        talk = Conversation(candidate.source, self.exam_for(candidate), self._timing_for(candidate), rule)
        ending = self._stay(zygote, talk, self.config.limits, stop, rule=rule, own=candidate)
        return evaluation(
            candidate,
            self.protocol_id,
            talk,
            ending,
            self.config,
            task=self.task,
            max_kept_bytes=self._max_kept_bytes,
        )

    def _probe(self, zygote: ZygoteProcess, source: str, stop: threading.Event) -> Probe:
        talk, limits = ProbeTalk(source), self.config.limits
        return probe_record(talk, self._stay(zygote, talk, limits, stop), limits)

    def _execute(self, zygote: ZygoteProcess, code: str, stop: threading.Event) -> Transcript:
        talk, limits = ScriptTalk(code), self.config.script_limits
        return transcript(talk, self._stay(zygote, talk, limits, stop), limits)

    def _stay(
        self,
        zygote: ZygoteProcess,
        talk: Talk,
        limits: Limits,
        stop: threading.Event,
        rule: StopRule | None = None,
        own: Candidate | None = None,
    ) -> Ending:
        """Have one child, of the kind and with the talk given.

        Raises:
            SandboxError: The device did not start, so that nothing is known of the program.
        """
        session = Session(zygote, talk, limits, job=next(self._jobs), stop=stop, rule=rule, own=own)
        ending = session.run(self._scratch.path)
        if isinstance(talk, BuildingTalk) and talk.no_device is not None:
            raise SandboxError(
                f"evaluator.device = '{self.config.device}' did not start in the sandbox: {talk.no_device}\n"
                "archloop doctor --gpu says what is in the way."
            )
        return ending

    def _workers(self) -> WorkerPool:
        if self._pool is None:
            raise RuntimeError("programs run inside the evaluator's `with` block")
        return self._pool

    def _release(self) -> None:
        os.close(self._training_data)
        self._cores.release()
        self._scratch.remove()
