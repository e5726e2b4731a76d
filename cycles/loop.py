"""The loop, to be read first: a search proposes programs, they are judged, and winners teach the generator.

    train     the teacher: LoRA on those who teach      (in cycle 0 imported programs at most; or nobody)
    explore   the search, batch by batch until the cycle is full:
                  generate  the writer: proposals -> completions -> candidates
                  judge     the judge: evaluate in the sandbox, decide on admission; the search hears of it
                  stream    both at once, where the writer writes piece by piece
    complete  the cycle's row and its report

Every stage asks the ledger what is already done and does the rest, so running it again *is* resuming: there
are no counters to restore. All seeds are derived from the run's seed and the place in the run, so a resumed
run gives what an unbroken one gives, and stages side by side give what stages in turn give; this thread alone
writes the ledger. The parts come in as arguments; nothing here knows which strategy, model, sandbox or
trainer it drives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Candidate
from corpus.records.trainings import CycleStage
from cycles.config.run import RunConfig
from cycles.figures.cycle_report import cycle_report
from cycles.figures.metrics import add_to_metrics
from cycles.figures.records import CycleReport
from cycles.figures.status import SEARCH_OVER, cycles_of
from cycles.judging import Judge
from cycles.limits.budget import Budget
from cycles.observer import SEARCH, Observer
from cycles.run.interruption import Interruption
from cycles.run.run_directory import RunDirectory
from cycles.search import Batch, Search
from cycles.teaching import Teacher
from cycles.writing import Writer


@dataclass
class Loop:
    """One run: its configuration and directory, its ledger, and the four who do the work."""

    config: RunConfig
    directory: RunDirectory
    ledger: LedgerWriter
    teacher: Teacher
    search: Search
    writer: Writer
    judging: Judge
    observer: Observer
    interruption: Interruption
    budget: Budget

    def run(self) -> None:
        """Run every cycle that is not complete, until the search has nothing more to try.

        Raises:
            BudgetSpent: The budget ends the run before; all that is judged is kept.
        """
        while (cycle := self.current_cycle()) is not None:
            self.run_cycle(cycle)

    def current_cycle(self) -> int | None:
        """Return the first cycle that is not complete, None when all are, or the search has ended."""
        cycles = cycles_of(self.ledger, self.config)
        return next((c for c in range(cycles) if not self.ledger.is_complete(c)), None)

    def run_cycle(self, cycle: int) -> CycleReport:
        """Do what is left of one cycle and return its report."""
        if self.ledger.judged_count(cycle) < self.config.candidates:
            self.budget.check()
        self.train(cycle)
        with self._training_ahead(cycle + 1):
            self.explore(cycle)
            return self.complete(cycle)

    def train(self, cycle: int) -> None:
        """Fine-tune the adapter that writes `cycle`, unless that is done or nobody teaches, and guard it."""
        self._fine_tune(cycle)
        if self.teacher.unexamined(cycle):
            with self._timed(cycle, CycleStage.TRAIN):
                verdict = self.teacher.examine(cycle)
            self.observer.note(f"cycle {cycle}: {verdict}")

    def _fine_tune(self, cycle: int) -> None:
        lesson = self.teacher.lesson(cycle)
        if lesson is None:
            return
        if not lesson.enough:
            self.observer.note(f"cycle {cycle}: {lesson.shortage}; the generator stays as it is")
        elif not self.teacher.take_over(lesson):
            job = self.teacher.job(lesson, self._on_training_step)
            rows = self.config.finetune.rows(len(job.examples), len(job.rejected))
            steps = self.config.finetune.planned_steps(rows)
            self.observer.stage_started(cycle, CycleStage.TRAIN, steps)
            with self._timed(cycle, CycleStage.TRAIN):
                self.teacher.teach(lesson, job)
            self.observer.stage_finished()

    def explore(self, cycle: int) -> None:
        """Write and judge what the search proposes for `cycle`, until it is full."""
        batch = self.search.due(cycle)
        piecewise = batch is not None and not batch.whole
        if batch is not None and piecewise:
            self.observer.stage_started(cycle, SEARCH, self.config.candidates - min(batch.proposals))
        while batch is not None:
            self.budget.check()
            if self.writer.streams(batch.unwritten):
                self.stream(batch)
            else:
                self.generate(batch)
                self.judge(batch)
            batch = self.search.due(cycle)
        if piecewise:
            self.observer.stage_finished()

    def generate(self, batch: Batch) -> None:
        """Write the candidates of `batch` that are missing."""
        if not batch.unwritten:
            return
        advanced = self.observer.advanced if batch.whole else _show_nothing
        with self._stage(batch, CycleStage.GENERATE, len(batch.unwritten)):
            for _ in self.writer.write(batch.cycle, batch.unwritten, advanced):
                self.interruption.check()

    def judge(self, batch: Batch) -> None:
        """Judge the candidates of `batch`, in order, and let the search hear of each."""
        candidates = self.ledger.unevaluated(batch.cycle)
        with self._stage(batch, CycleStage.JUDGE, len(candidates)):
            self._judge(batch.cycle, candidates)

    def stream(self, batch: Batch) -> None:
        """Judge the candidates of `batch`, in order, while those after them are still being written."""
        if batch.whole:
            self.observer.stage_started(batch.cycle, SEARCH, len(batch.proposals))
        self.budget.stage_began()
        with self.writer.ahead(batch.cycle, batch.unwritten) as (arriving, writing):
            try:
                self._judge(batch.cycle, self._in_order(batch, arriving))
            finally:
                seconds = self.budget.stage_ended()
                generating = min(writing.seconds, seconds)
                self.ledger.record_stage(batch.cycle, CycleStage.GENERATE, generating)
                self.ledger.record_stage(batch.cycle, CycleStage.JUDGE, seconds - generating)
        if batch.whole:
            self.observer.stage_finished()

    def complete(self, cycle: int) -> CycleReport:
        """Mark `cycle` as complete in the ledger and add its report to metrics.jsonl."""
        if self.search.over:
            self.ledger.set_meta(SEARCH_OVER, str(cycle))
        self.ledger.complete_cycle(cycle)
        report = cycle_report(self.ledger, cycle, self.config)
        add_to_metrics(report, self.ledger, self.config, self.directory.metrics_file)
        self.observer.cycle_finished(report)
        return report

    def _judge(self, cycle: int, candidates: Iterable[Candidate | None]) -> None:
        """Judge candidates, and stop where the budget does, unless that is the end of the cycle anyway."""
        with closing(self.judging.judge(cycle, candidates)) as trials:
            for trial in trials:
                self.search.hear(trial)
                self.budget.hear(trial)
                self.observer.judged(trial.evaluation, trial.admission)
                self.interruption.check()
                if trial.candidate.index + 1 < self.config.candidates:
                    self.budget.check()

    def _in_order(self, batch: Batch, arriving: Iterator[Sequence[Candidate]]) -> Iterator[Candidate | None]:
        """Yield the candidates of `batch` by their places, and None wherever the next is not written yet."""
        there = {candidate.index: candidate for candidate in self.ledger.unevaluated(batch.cycle)}
        for place in batch.proposals:
            while place not in there:
                self.interruption.check()
                yield None
                there.update((candidate.index, candidate) for candidate in next(arriving))
            yield there.pop(place)

    @contextmanager
    def _training_ahead(self, cycle: int) -> Iterator[None]:
        """Where one teaches a cycle late, fine-tune the adapter that writes `cycle` while the block runs."""
        late = self.config.teaching.late and cycle < self.config.cycles
        lesson = self.teacher.lesson(cycle) if late else None
        if lesson is None or not lesson.enough or self.teacher.take_over(lesson):
            yield
            return
        with self.teacher.ahead(lesson) as training:
            yield
            with self._timed(cycle, CycleStage.TRAIN):
                for result in training:
                    if result is not None:
                        self.teacher.record(lesson, result)
                    self.interruption.check()

    def _on_training_step(self, _step: int, _total: int, loss: float) -> None:
        self.observer.advanced(detail=f"loss {loss:.3f}")
        self.interruption.check()

    @contextmanager
    def _stage(self, batch: Batch, name: CycleStage, total: int) -> Iterator[None]:
        """Record a stage's wall time, and show it by itself where it is the whole cycle's."""
        if batch.whole:
            self.observer.stage_started(batch.cycle, name, total)
        with self._timed(batch.cycle, name):
            yield
        if batch.whole:
            self.observer.stage_finished()

    @contextmanager
    def _timed(self, cycle: int, name: CycleStage) -> Iterator[None]:
        """Record the wall time of what was done of a stage, also when it is interrupted."""
        self.budget.stage_began()
        try:
            yield
        finally:
            self.ledger.record_stage(cycle, name, self.budget.stage_ended())


def _show_nothing() -> None:
    """Where a search hears in between, what is judged moves its bar, and what is written does not."""
