"""Runs what is missing of a study, some runs at a time, each in a process of its own.

A run is made here and driven by `archloop resume` and `archloop retest`, as a user would, with its output in
a log beside it. So a study that was stopped, however it was, goes on where its ledgers are. Ctrl-C lets every
run stop at its next safe point; when this process dies otherwise, the kernel ends its children.

A thread takes no part: the kernel ties a child's end to the thread that started it. This module does *not*
judge, compare or print.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from corpus.files.whole import write_whole
from corpus.ledger.errors import LedgerError, OlderSchemaError
from corpus.ledger.reader import Ledger
from cycles.assembly import start_run
from cycles.config.document import differences
from cycles.config.run import RunConfig
from cycles.config.scale import ScaleConfig
from cycles.config.study import Cell, RetestConfig, Study
from cycles.errors import BUDGET_SPENT, UsageError
from cycles.figures.quantities import duration
from cycles.figures.status import run_status
from cycles.run.run_directory import RunDirectory
from cycles.studies.gathering import finished

_PR_SET_PDEATHSIG = 1
_ENTRY = f"""
import os, signal, sys
from evaluator.isolation.kernel import prctl
prctl({_PR_SET_PDEATHSIG}, signal.SIGKILL)
if os.getppid() != int(sys.argv.pop(1)):  # whoever started this died before it could be said
    sys.exit(1)
from cycles.__main__ import main
main()
"""
_POLL_SECONDS = 0.2
_LOOK_SECONDS = 3.0
_OF_NO_RESULT = {"evaluator.workers", "evaluator.isolation", "tracking"} | {
    f"scale.{name}" for name in ScaleConfig.model_fields
}
"""Settings in which a run that is there may differ from the study: no result depends on them."""


@dataclass
class _Job:
    """A cell under way: the commands that are left of it, and the process of the one that runs."""

    cell: Cell
    path: Path
    commands: list[list[str]]
    since: float = field(default_factory=time.monotonic)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        return self.path.with_name(f"{self.path.name}.log")

    def next_command(self) -> bool:
        """Start the next command; return whether there was one."""
        if not self.commands:
            return False
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _ENTRY, str(os.getpid()), *self.commands.pop(0)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C of the terminal is passed on once, not heard twice
            )
        return True

    def state(self) -> str:
        """Return how far the run is, in words."""
        try:
            with Ledger.open(RunDirectory(self.path).ledger_file) as ledger:
                now = run_status(ledger, self.cell.config)
        except LedgerError:  # the run itself will say what is wrong, or is just mending it
            return f"{self.cell.words}: begins"
        if now.finished:
            return f"{self.cell.words}: re-test"
        stage = f"{now.judged} of {now.candidates} judged" if now.judged else f"{now.sampled} sampled"
        return f"{self.cell.words}: cycle {now.current}, {stage}"


@dataclass(frozen=True)
class Failure:
    """A run that broke: its cell, its log, and the last line of that."""

    cell: Cell
    log_file: Path
    said: str


@dataclass
class StudyRunner:
    """Runs the cells of a study that are not finished.

    Attributes:
        study: The study.
        out: Its directory; made where it is not there.
        jobs: Runs at a time.
        tell: Is told what begins and what ends, a line at a time.
        show: Is shown how far the runs under way are, every few seconds; None where nobody looks.
        unsafe: Whether programs run without isolation.
    """

    study: Study
    out: Path
    jobs: int
    tell: Callable[[str], None]
    show: Callable[[str], None] | None = None
    unsafe: bool = False
    _done: int = 0

    def run(self) -> list[Failure]:
        """Run all that is missing; return what broke.

        Raises:
            UsageError: A run that is there already has other settings than the study.
            KeyboardInterrupt: Ctrl-C; the runs have stopped at a safe point.
            OSError: The directory cannot be written to.
        """
        cells, plan = self.study.cells, self.study.config.retest
        self.out.mkdir(parents=True, exist_ok=True)
        for cell in cells:
            _require_same_settings(self.out / cell.place, cell.config)
        write_whole(self.out / "study.toml", self.study.source)
        waiting = [cell for cell in cells if not _finished(self.out / cell.place, plan)]
        self._done = len(cells) - len(waiting)
        if waiting and self._done:
            self.tell(f"{self._done} of {len(cells)} runs are finished.")
        failures: list[Failure] = []
        running: list[_Job] = []
        with _stopping(running, self.tell):
            looked = 0.0
            while waiting or running:
                while waiting and len(running) < self.jobs:
                    running.append(self._started(waiting.pop(0)))
                time.sleep(_POLL_SECONDS)
                for job in list(running):
                    if self._ended(job, failures):
                        running.remove(job)
                if self.show is not None and time.monotonic() - looked > _LOOK_SECONDS:
                    self.show("; ".join(job.state() for job in running))
                    looked = time.monotonic()
        return failures

    def _ended(self, job: _Job, failures: list[Failure]) -> bool:
        """Return whether a job is over; start the next of its commands where one ended well."""
        code = None if job.process is None else job.process.poll()
        ended_well = code in (0, BUDGET_SPENT)
        if code is None or (ended_well and job.next_command()):
            return False
        if not ended_well:
            failures.append(Failure(job.cell, job.log_file, _last_line(job.log_file)))
            self.tell(f"{job.cell.words}: broke, see {job.log_file}")
        else:
            self._done += 1
            spent = duration(time.monotonic() - job.since)
            self.tell(f"{job.cell.words}: finished after {spent} ({self._done} of {len(self.study.cells)})")
        return True

    def _started(self, cell: Cell) -> _Job:
        path = self.out / cell.place
        directory = RunDirectory(path)
        new = not directory.config_file.is_file()
        if new:
            if path.is_dir() and not directory.ledger_file.exists():
                shutil.rmtree(path)  # of a process that was killed while it made the run
            start_run(path, _sharing_processors(cell.config, self.jobs))
        consent = ["--unsafe"] if self.unsafe else []
        commands = [["resume", str(path), "--trust-config", *consent]]
        if (plan := self.study.config.retest) is not None:
            plan_options = ["--seeds", str(plan.seeds), "--top", str(plan.top)]
            commands.append(["retest", str(path), *plan_options, "--trust-config", *consent])
        job = _Job(cell, path, commands)
        job.next_command()
        self.tell(f"{cell.words}: {'started' if new else 'goes on'}")
        return job


@contextmanager
def _stopping(running: list[_Job], tell: Callable[[str], None]) -> Iterator[None]:
    """Let no process outlive the block: the first Ctrl-C asks each to stop, the second ends it."""
    try:
        yield
    except KeyboardInterrupt:
        tell("Stopping the runs after their current step. Ctrl-C again stops at once.")
        _signal_all(running, signal.SIGINT)
        with suppress(KeyboardInterrupt):
            for job in running:
                if job.process is not None:
                    job.process.wait()
        raise
    finally:
        _signal_all(running, signal.SIGKILL)
        for job in running:
            if job.process is not None:
                job.process.wait()


def _signal_all(running: list[_Job], number: signal.Signals) -> None:
    for job in running:
        if job.process is not None and job.process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(job.process.pid, number)


def _finished(path: Path, plan: RetestConfig | None) -> bool:
    try:
        return finished(path, plan)
    except OlderSchemaError:  # to resume it brings its ledger up to the schema of today
        return False


def _sharing_processors(config: RunConfig, jobs: int) -> RunConfig:
    """Return a configuration whose evaluator leaves the other jobs their share of the processors."""
    workers = max(1, min(config.evaluator.workers, (os.cpu_count() or 1) // jobs))
    return config.model_copy(update={"evaluator": config.evaluator.model_copy(update={"workers": workers})})


def _require_same_settings(path: Path, config: RunConfig) -> None:
    directory = RunDirectory(path)
    if not directory.config_file.is_file():
        return
    other = [key for key in differences(directory.config(), config) if key not in _OF_NO_RESULT]
    if other:
        raise UsageError(
            f"{path}: this run was started with other settings than the study has ({', '.join(other[:5])}). "
            "Choose another directory, --out DIR, or remove this one."
        )


def _last_line(log_file: Path) -> str:
    with log_file.open("rb") as log:
        log.seek(max(0, log_file.stat().st_size - 4000))
        lines = log.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
