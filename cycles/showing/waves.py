"""What the user sees of the final waves: bars on a terminal, plain lines in a file, JSON lines for a program.

They only show, and decide and store nothing.
"""

from __future__ import annotations

import json
import time
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from corpus.records.evaluations import Evaluation
from corpus.records.tasks.kinds import Metric
from corpus.records.text import one_line
from cycles.figures.quantities import duration


class WaveObserver(Protocol):
    """Is told what the waves do, in the order in which they do it."""

    def started(self, wave: str, total: int) -> None:
        """A wave of `total` steps begins; one that goes on counts only what is left."""
        ...

    def step(self, name: str, evaluation: Evaluation | None = None) -> None:
        """One step is finished, perhaps with a measurement."""
        ...

    def finished(self) -> None:
        """The wave is over."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line happened."""
        ...


class WaveBars:
    """Bars with the time remaining; finished waves stay on the screen."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[detail]}"),
            console=console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def started(self, wave: str, total: int) -> None:
        """Show a new bar."""
        self._task = self._progress.add_task(wave, total=total, detail="")

    def step(self, name: str, evaluation: Evaluation | None = None) -> None:
        """Move the bar."""
        self._progress.update(self._task, advance=1, detail=step_line(name, evaluation))

    def finished(self) -> None:
        """Fill the bar."""
        task = next(task for task in self._progress.tasks if task.id == self._task)
        self._progress.update(self._task, completed=task.total, refresh=True)

    def note(self, text: str) -> None:
        """Print the line above the bars."""
        self._console.print(one_line(text), markup=False)


class WaveLines:
    """A line when a wave ends, and at most one every `every_seconds` before; for files and pipes."""

    def __init__(self, console: Console, every_seconds: float = 30.0) -> None:
        self._console, self._every_seconds = console, every_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, wave: str, total: int) -> None:
        """Remember the wave; the line comes with the steps."""
        self._wave, self._total, self._done = wave, total, 0
        self._detail = ""
        self._start = self._last = time.monotonic()

    def step(self, name: str, evaluation: Evaluation | None = None) -> None:
        """Print a line if the last one is old enough."""
        self._done, self._detail = self._done + 1, step_line(name, evaluation)
        if time.monotonic() - self._last >= self._every_seconds:
            self._print()

    def finished(self) -> None:
        """Print the wave's last line."""
        self._print()

    def note(self, text: str) -> None:
        """Print the line."""
        self._console.print(one_line(text), soft_wrap=True, highlight=False, markup=False)

    def _print(self) -> None:
        self._last = time.monotonic()
        taken = duration(self._last - self._start)
        self.note(f"{self._wave}: {self._done}/{self._total} in {taken}  {self._detail}")


class WaveEvents:
    """One JSON object per event on standard output; `event` names it."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, wave: str, total: int) -> None:
        """Emit `wave_started`."""
        self._emit("wave_started", wave=wave, total=total)

    def step(self, name: str, evaluation: Evaluation | None = None) -> None:
        """Emit `step`, with status, score and its metric where something was measured."""
        measured = (
            {}
            if evaluation is None
            else {
                "protocol": evaluation.protocol_id,
                "status": evaluation.status,
                "accuracy": evaluation.accuracy,
                "metric": evaluation.metric,
            }
        )
        self._emit("step", name=name, **measured)

    def finished(self) -> None:
        """Emit nothing: the next event says as much."""

    def note(self, text: str) -> None:
        """Emit `note`."""
        self._emit("note", text=text)

    def _emit(self, event: str, **fields: object) -> None:
        line = json.dumps({"event": event, **fields})
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)


def step_line(name: str, evaluation: Evaluation | None) -> str:
    """Return a step in a few words: `c003/0017 0.981`."""
    if evaluation is None:
        return name
    if evaluation.accuracy is None:
        return f"{name} {evaluation.status}"
    metric = evaluation.metric
    unit = "" if metric is Metric.ACCURACY else f"{metric.words} "
    return f"{name} {unit}{metric.of(evaluation.accuracy):.3f}"
