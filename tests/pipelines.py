"""A whole run without its costs: the real loop, search, writer, judge, teacher, worker pool and ledger, over
stand-ins that sleep as long as they are told.

Texts, scores and adapters depend on seeds and on what was taught alone (`tests.searches`), so that ledgers
compare row by row however the stages overlap. This module does *not* measure anything.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from corpus.files.whole import directory_in_the_making
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import AdmissionGate
from corpus.records.adapters import CONFIG_FILE, WEIGHTS_FILE, adapter_hash
from corpus.records.admissions import Admission
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.machines import Machine
from corpus.records.prompts import Prompt
from corpus.records.search.proposals import Proposal
from corpus.records.tasks.shape import TaskShape
from corpus.records.trainings import TrainingResult
from cycles.bench import RunBench
from cycles.carrying import note_carrying
from cycles.config.run import RunConfig
from cycles.figures.records import CycleReport
from cycles.judging import Judge
from cycles.limits.budget import Budget
from cycles.limits.stopping import Stopping
from cycles.loop import Loop
from cycles.parts import strategy_of, task_shape
from cycles.predicting.ranking import builds_of, choosing_of
from cycles.run.interruption import Interruption
from cycles.run.run_directory import RunDirectory, environment
from cycles.run.starting_corpus import plain_request, plant, program_request, replay_pool
from cycles.search import Search
from cycles.teaching import Teacher
from cycles.writing import Writer
from evaluator.supervisor.worker_pool import WorkerPool
from finetune.adapter import RESULT_FILE
from finetune.job import TrainingJob
from generator.samplers.contract import Sample, SamplingOptions
from generator.strategies.contract import Strategy
from tests.searches import Hashed, Seeded, SeededDecider


class Pace(NamedTuple):
    """How long the stand-ins sleep.

    Attributes:
        write: Seconds for each answer.
        judge: Seconds for each candidate, on one worker.
        train: Seconds for each fine-tuning.
        workers: Candidates judged at a time.
    """

    write: float = 0.0
    judge: float = 0.0
    train: float = 0.0
    workers: int = 2


class PacedSampler(Seeded):
    """Answers by the seed and by what the adapter was taught; a batch at a time, or one by one."""

    def __init__(self, shape: TaskShape, seconds: float, *, by_batch: bool = True) -> None:
        super().__init__(shape)
        self._seconds, self._by_batch = seconds, by_batch

    @property
    def answers_by_batch(self) -> bool:
        return self._by_batch

    def sample(
        self, prompts: Sequence[Prompt], adapter: Path | None, options: SamplingOptions | None = None
    ) -> Generator[Sample, None, None]:
        taught = None if adapter is None else Path(adapter_hash(adapter))
        if self._by_batch:
            time.sleep(self._seconds * len(prompts))
            yield from super().sample(prompts, taught, options)
        else:  # as a server does: not in the order in which it was asked
            for sample in reversed(list(super().sample(prompts, taught, options))):
                time.sleep(self._seconds)
                yield sample


class _Idle:
    """What stands where a zygote does."""

    def await_ready(self) -> None:
        pass

    def close(self) -> None:
        pass


class PacedEvaluator(Hashed):
    """Judges by the hash of the text, in the real pool of workers."""

    def __init__(self, seconds: float, workers: int) -> None:
        self._seconds = seconds
        self.pool = WorkerPool(lambda _number: _Idle(), workers)  # type: ignore[arg-type, return-value]

    def evaluate(
        self, candidates: Iterable[Candidate | None], _stop: object = None
    ) -> Generator[Evaluation, None, None]:
        def work(_zygote: object, candidate: Candidate, stop: threading.Event) -> Evaluation:
            stop.wait(self._seconds)
            return next(super(PacedEvaluator, self).evaluate([candidate]))

        return self.pool.map(candidates, work, lambda candidate: work(None, candidate, threading.Event()))


class PacedTrainer:
    """Makes an adapter of one tensor: the hash of the rows that it was taught."""

    def __init__(self, seconds: float, steps: int = 10) -> None:
        self._seconds, self._steps = seconds, steps

    def train(self, job: TrainingJob) -> TrainingResult:
        for step in range(self._steps):
            time.sleep(self._seconds / self._steps)
            if job.on_step is not None:
                job.on_step(step + 1, self._steps, 1.0)
        rows = [each.model_dump_json() for each in (*job.examples, *job.rejected)]
        learnt = hashlib.sha256("\n".join([str(job.seed), *rows]).encode()).digest()
        header = b'{"a":{"dtype":"U8","shape":[32],"data_offsets":[0,32]}}'
        with directory_in_the_making(job.output_dir) as partial:
            (partial / WEIGHTS_FILE).write_bytes(len(header).to_bytes(8, "little") + header + learnt)
            (partial / CONFIG_FILE).write_text("{}", encoding="utf-8")
            result = TrainingResult(
                adapter_hash=adapter_hash(partial), examples=len(job.examples),
                rejected=len(job.rejected), truncated=0, steps=self._steps,
                trainable_parameters=32, seconds=0.0,
            )  # fmt: skip
            (partial / RESULT_FILE).write_text(result.model_dump_json(), encoding="utf-8")
        return result


class SerialWriter(Writer):
    """Writes all candidates of a batch before any of them is judged."""

    def streams(self, proposals: Mapping[int, Proposal]) -> bool:
        return False


class Unseen:
    """An observer that shows nothing."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments, **_named: None

    def judged(self, evaluation: Evaluation, admission: Admission) -> None:
        pass

    def cycle_finished(self, report: CycleReport) -> None:
        pass


@contextmanager
def simulated(
    path: Path,
    config: RunConfig,
    pace: Pace = Pace(),  # noqa: B008 - a NamedTuple is immutable
    *,
    serial: bool = False,
    by_batch: bool = True,
    strategy: Strategy | None = None,
    sampler: PacedSampler | None = None,
) -> Iterator[Loop]:
    """Yield the loop of the run at `path`, begun here or gone on with.

    Args:
        path: The run's directory.
        config: Its configuration; one that goes on keeps its own.
        pace: How long stages take.
        serial: Whether all is written before anything is judged.
        by_batch: Whether the sampler answers batch by batch.
        strategy: Who searches; None for whom the configuration names.
        sampler: Who answers; None for a `PacedSampler`.
    """
    new = not (path / "config.toml").exists()
    directory = RunDirectory.create(path, config) if new else RunDirectory.open(path)
    config, shape = directory.config(), task_shape(config)
    opened = LedgerWriter.create if new else LedgerWriter.open
    evaluator = PacedEvaluator(pace.judge, pace.workers)
    with opened(directory.ledger_file) as ledger:
        carrier = note_carrying(ledger, config, shape)
        plant(ledger, config, shape)
        machine = ledger.add_machine(Machine.model_validate(environment()))
        searching = strategy or strategy_of(config)
        answering = sampler or PacedSampler(shape.picture, pace.write, by_batch=by_batch)
        teacher = Teacher(
            ledger=ledger, directory=directory, teaching=config.teaching, config=config.finetune,
            template=config.generator.template, request=plain_request(config, shape), seed=config.seed,
            trainer=lambda: PacedTrainer(pace.train), replay=lambda: replay_pool(ledger, config, shape),
            lesson_of=searching.lesson, make_room=lambda: None,
        )  # fmt: skip
        bench = RunBench(
            ledger=ledger, request=program_request(config, shape), template=config.generator.template,
            exemplar_count=config.generator.exemplars, run_seed=config.seed, candidates=config.candidates,
            decider=SeededDecider, sandbox=lambda: carrier.sandbox(evaluator), in_force=teacher.adapter_of,
        )  # fmt: skip
        writer = (SerialWriter if serial else Writer)(
            ledger=ledger, sampler=lambda: answering, sampling=config.generator.sampling,
            batch_size=config.generator.batch_size, in_force=teacher.adapter_of,
            generator_hash=lambda: None, machine_id=None, redraws=config.generator.redraws,
            builds=builds_of(config, carrier, Hashed),
            choosing=choosing_of(config, ledger, carrier, Hashed),
        )  # fmt: skip
        judge = Judge(
            ledger=ledger, gate=AdmissionGate.from_ledger(ledger, config.corpus),
            evaluator=lambda: carrier.sandbox(evaluator), machine_id=machine,
            stopping=Stopping(ledger, config.stopping),
        )  # fmt: skip
        try:
            yield Loop(
                config=config, directory=directory, ledger=ledger, teacher=teacher,
                search=Search(ledger, searching, bench), writer=writer, judging=judge, observer=Unseen(),
                interruption=Interruption(lambda _text: None),
                budget=Budget.of(config.budget, ledger, config.cycles, lambda: bench.token_count),
            )  # fmt: skip
        finally:
            evaluator.pool.close()
