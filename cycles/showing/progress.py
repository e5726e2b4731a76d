"""What the user sees while a loop runs: bars on a terminal, plain lines in a file, JSON lines for a program.

Each is an `Observer` of the loop: they only show, and decide and store nothing.
"""

from __future__ import annotations

import json
import time
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from corpus.records.admissions import Admission
from corpus.records.evaluations import Evaluation
from corpus.records.tasks.kinds import Metric
from corpus.records.text import one_line
from cycles.figures.quantities import duration, percent
from cycles.figures.records import CycleReport
from cycles.showing.cells import rate_cell, score_cell


class Tally:
    """Live counts of one cycle, as the line `valid 31 (44%), novel 9, admitted 9, best 0.71`."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._best = 0.0
        self._metric = Metric.ACCURACY

    def add(self, evaluation: Evaluation, admission: Admission) -> None:
        """Count one more candidate."""
        self._counts["judged"] += 1
        self._metric = evaluation.metric
        if evaluation.valid:
            self._counts["valid"] += 1
            self._best = max(self._best, evaluation.accuracy or 0.0)
            self._counts["novel"] += admission.reason.novel
        self._counts["admitted"] += admission.admitted

    def __str__(self) -> str:
        judged, valid, novel, admitted = (
            self._counts[name] for name in ("judged", "valid", "novel", "admitted")
        )
        share = f" ({percent(valid / judged)})" if judged else ""
        best = f"{best_words(self._metric)} {self._metric.of(self._best):.2f}"
        return f"valid {valid}{share}, novel {novel}, admitted {admitted}, {best}"


class TerminalProgress:
    """Bars with live counts and the time remaining; finished stages stay on the screen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("cycle {task.fields[cycle]} {task.description:<9}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[detail]}"),
            console=console,
        )
        self._tally = Tally()

    def __enter__(self) -> TerminalProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def stage_started(self, cycle: int, stage: str, total: int) -> None:
        """Show a new bar."""
        self._tally = Tally()
        self._task = self._progress.add_task(stage, total=total, cycle=cycle, detail="")

    def advanced(self, done: int = 1, detail: str = "") -> None:
        """Move the bar."""
        self._progress.update(self._task, advance=done, detail=detail)

    def judged(self, evaluation: Evaluation, admission: Admission) -> None:
        """Move the bar and renew the counts."""
        self._tally.add(evaluation, admission)
        self.advanced(detail=str(self._tally))

    def stage_finished(self) -> None:
        """Fill the bar."""
        task = next(task for task in self._progress.tasks if task.id == self._task)
        self._progress.update(self._task, completed=task.total, refresh=True)

    def cycle_finished(self, report: CycleReport) -> None:
        """Print the cycle's line and clear its bars."""
        self._console.print(summary_line(report))
        for task in self._progress.task_ids:
            self._progress.remove_task(task)
        self._progress.refresh()

    def note(self, text: str) -> None:
        """Print the line above the bars."""
        self._console.print(one_line(text), markup=False)


class PlainProgress:
    """A line when a stage ends, and at most one every `every_seconds` before; for files and pipes."""

    def __init__(self, console: Console, every_seconds: float = 30.0) -> None:
        self._console = console
        self._every_seconds = every_seconds

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def stage_started(self, cycle: int, stage: str, total: int) -> None:
        """Remember the stage; the line comes with the first progress or the end."""
        self._label, self._total, self._done, self._detail = f"cycle {cycle} {stage}", total, 0, ""
        self._tally = Tally()
        self._start = self._last = time.monotonic()

    def advanced(self, done: int = 1, detail: str = "") -> None:
        """Print a line if the last one is old enough."""
        self._done, self._detail = self._done + done, detail or self._detail
        if time.monotonic() - self._last >= self._every_seconds:
            self._print()

    def judged(self, evaluation: Evaluation, admission: Admission) -> None:
        """Count, and print a line if the last one is old enough."""
        self._tally.add(evaluation, admission)
        self.advanced(detail=str(self._tally))

    def stage_finished(self) -> None:
        """Print the stage's last line."""
        self._print()

    def cycle_finished(self, report: CycleReport) -> None:
        """Print the cycle's line."""
        self.note(summary_line(report))

    def note(self, text: str) -> None:
        """Print the line."""
        self._console.print(one_line(text), soft_wrap=True, highlight=False, markup=False)

    def _print(self) -> None:
        self._last = time.monotonic()
        detail = f"  {self._detail}" if self._detail else ""
        taken = duration(self._last - self._start)
        self.note(f"{self._label}: {self._done}/{self._total} in {taken}{detail}")


class JsonProgress:
    """One JSON object per event on standard output; `event` names it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> JsonProgress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def stage_started(self, cycle: int, stage: str, total: int) -> None:
        """Emit `stage_started`."""
        self._emit("stage_started", cycle=cycle, stage=stage, total=total)

    def advanced(self, done: int = 1, detail: str = "") -> None:
        """Emit nothing: steps are in the ledger."""

    def judged(self, evaluation: Evaluation, admission: Admission) -> None:
        """Emit `judged` with the status, the score and its metric, and the decision."""
        self._emit(
            "judged",
            candidate=evaluation.candidate_id,
            status=evaluation.status,
            accuracy=evaluation.accuracy,
            metric=evaluation.metric,
            reason=admission.reason,
        )

    def stage_finished(self) -> None:
        """Emit nothing: the next event says as much."""

    def cycle_finished(self, report: CycleReport) -> None:
        """Emit `cycle_finished` with the whole report."""
        self._emit("cycle_finished", report=report.model_dump(mode="json"))

    def note(self, text: str) -> None:
        """Emit `note`."""
        self._emit("note", text=text)

    def _emit(self, event: str, **fields: object) -> None:
        self._console.print(
            json.dumps({"event": event, **fields}), soft_wrap=True, highlight=False, markup=False
        )


def summary_line(report: CycleReport) -> str:
    """Return one line that says what a cycle came to."""
    metric = report.metric
    strong = "" if report.strong is None else f"strong {percent(report.strong.value)}, "
    return (
        f"cycle {report.cycle}: valid {rate_cell(report.valid)}, "
        f"{metric.averaged} of all {metric.of(report.mean_accuracy_all.value):.3f}, "
        f"best {score_cell(report.best_accuracy, metric)}, {strong}admitted {report.admitted.count}"
    )


def best_words(metric: Metric) -> str:
    """Return what a best value is called where nothing else names the metric: `best`, `best mean IoU`."""
    return "best" if metric is Metric.ACCURACY else f"best {metric.words}"
