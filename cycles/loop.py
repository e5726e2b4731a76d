"""The closed loop, to be read first: a generator writes programs, the winners teach it, and it writes again.

    train     the teacher: LoRA on those who teach           (not in cycle 0, not where nobody teaches)
    generate  the search: proposals -> completions -> candidates
    judge     the judge: evaluate in the sandbox, decide on admission
    complete  the cycle's row and its report

Every stage asks the ledger what is already done and does the rest, so running it again *is* resuming: there
are no counters to restore. All seeds are derived from the run's seed and the place in the run, so a resumed
run gives what an unbroken one gives. The parts come in as arguments; nothing here knows which strategy,
model, sandbox or trainer it drives.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from corpus.ledger.writer import LedgerWriter
from corpus.records.trainings import CycleStage
from cycles.config.run import RunConfig
from cycles.figures.cycle_report import cycle_report
from cycles.figures.metrics import add_to_metrics
from cycles.figures.records import CycleReport
from cycles.judging import Judge
from cycles.observer import Observer
from cycles.run.interruption import Interruption
from cycles.run.run_directory import RunDirectory
from cycles.search import Search
from cycles.teaching import Teacher


@dataclass
class Loop:
    """One run: its configuration and directory, its ledger, and the three who do the work."""

    config: RunConfig
    directory: RunDirectory
    ledger: LedgerWriter
    teacher: Teacher
    search: Search
    judging: Judge
    observer: Observer
    interruption: Interruption

    def run(self) -> None:
        """Run every cycle that is not complete."""
        while (cycle := self.current_cycle()) is not None:
            self.run_cycle(cycle)

    def current_cycle(self) -> int | None:
        """Return the first cycle that is not complete, or None when all are."""
        return next((c for c in range(self.config.cycles) if not self.ledger.is_complete(c)), None)

    def run_cycle(self, cycle: int) -> CycleReport:
        """Do what is left of one cycle and return its report."""
        self.train(cycle)
        self.generate(cycle)
        self.judge(cycle)
        return self.complete(cycle)

    def train(self, cycle: int) -> None:
        """Fine-tune the adapter that writes `cycle`, unless that is done or nobody teaches."""
        lesson = self.teacher.lesson(cycle)
        if lesson is None:
            return
        if not lesson.enough:
            self.observer.note(
                f"cycle {cycle}: {len(lesson.teachers)} winners so far, fine-tuning starts at "
                f"{lesson.required}; the generator stays as it is"
            )
        elif not self.teacher.take_over(lesson):
            job = self.teacher.job(lesson, self._on_training_step)
            steps = self.config.finetune.planned_steps(len(job.examples))
            with self._stage(cycle, CycleStage.TRAIN, steps):
                self.teacher.teach(lesson, job)

    def generate(self, cycle: int) -> None:
        """Write the candidates of `cycle` that are missing."""
        missing = self.search.missing(cycle, self.config.candidates)
        if not missing:
            return
        adapter, training = self.teacher.in_force(cycle)
        with self._stage(cycle, CycleStage.GENERATE, sum(len(batch) for batch in missing)):
            for batch in missing:
                self.search.write(
                    cycle,
                    batch,
                    adapter=adapter,
                    adapter_hash=training.adapter_hash if training else None,
                    on_sample=self.observer.advanced,
                )
                self.interruption.check()

    def judge(self, cycle: int) -> None:
        """Judge the candidates of `cycle` that are not judged yet, in order."""
        pending = self.ledger.unevaluated(cycle)
        if not pending:
            return
        with (
            self._stage(cycle, CycleStage.JUDGE, len(pending)),
            closing(self.judging.judge(pending)) as judgements,
        ):
            for evaluation, admission in judgements:
                self.observer.judged(evaluation, admission)
                self.interruption.check()

    def complete(self, cycle: int) -> CycleReport:
        """Mark `cycle` as complete in the ledger and add its report to metrics.jsonl."""
        self.ledger.complete_cycle(cycle)
        report = cycle_report(self.ledger, cycle, self.config)
        add_to_metrics(report, self.ledger, self.config, self.directory.metrics_file)
        self.observer.cycle_finished(report)
        return report

    def _on_training_step(self, _step: int, _total: int, loss: float) -> None:
        self.observer.advanced(detail=f"loss {loss:.3f}")
        self.interruption.check()

    @contextmanager
    def _stage(self, cycle: int, name: CycleStage, total: int) -> Iterator[None]:
        """Show a stage and record the wall time of what was done of it, also when it is interrupted."""
        self.observer.stage_started(cycle, name, total)
        start = time.monotonic()
        try:
            yield
        finally:
            self.ledger.record_stage(cycle, name, time.monotonic() - start)
        self.observer.stage_finished()
