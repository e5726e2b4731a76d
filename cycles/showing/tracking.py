"""Copies each cycle's figures to an experiment tracker, TensorBoard or trackio; both are optional extras.

    tensorboard   RUN/tensorboard/; look at one run or many: tensorboard --logdir runs
    trackio       trackio/ beside the run, shared by the runs there so that they compare:
                  TRACKIO_DIR=runs/trackio trackio show --project archloop

The ledger is what counts: where a tracker fails, the run says so and goes on. This module does *not* send
anything to another machine (trackio would, if its environment variables said so; they are taken away).
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from corpus.records.admissions import Admission
from corpus.records.evaluations import Evaluation
from cycles.config.document import settings
from cycles.config.run import RunConfig, Tracking
from cycles.errors import UsageError
from cycles.figures.records import CycleReport, Mean, Rate
from cycles.observer import Observer

_EXTRAS: dict[Tracking, str] = {"tensorboard": "tensorboard", "trackio": "track"}
_TRACKIO_SECONDS = 120
_ELSEWHERE = ("TRACKIO_", "SPACE_", "SYSTEM")
"""Beginnings of the environment variables by which trackio would log to another place."""


class TrackingError(Exception):
    """The tracker could not write; the message is its own."""


class Tracker(Protocol):
    """Takes the figures of one cycle after another."""

    def write(self, report: CycleReport) -> None:
        """Write one cycle.

        Raises:
            TrackingError: It could not.
        """
        ...


class TensorBoardTracker:
    """Writes event files: every figure as a scalar over the cycles, the configuration as a text."""

    def __init__(self, config: RunConfig, directory: Path) -> None:
        self._config, self._directory = config, directory

    def write(self, report: CycleReport) -> None:
        """Write one cycle, in an event file of its own, so that nothing is lost with the process."""
        from torch.utils.tensorboard import SummaryWriter

        try:
            with SummaryWriter(str(self._directory)) as writer:
                if report.cycle == 0:
                    rows = "".join(f"| {key} | {value} |\n" for key, value in settings(self._config).items())
                    writer.add_text("config", f"| setting | value |\n|---|---|\n{rows}", 0)
                for name, value in metrics(report).items():
                    writer.add_scalar(name, value, report.cycle)
        except OSError as error:
            raise TrackingError(str(error)) from error


class TrackioTracker:
    """Writes to a local trackio project, in a process without the variables that lead elsewhere."""

    def __init__(self, config: RunConfig, directory: Path, run: str) -> None:
        self._config, self._directory, self._run = config, directory, run

    def write(self, report: CycleReport) -> None:
        """Write one cycle."""
        self._directory.mkdir(parents=True, exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(_ELSEWHERE)}
        environment |= {"TRACKIO_DIR": str(self._directory.resolve()), "HF_HUB_OFFLINE": "1"}
        row = {
            "run": self._run,
            "config": {key: str(value) for key, value in settings(self._config).items()},
            "metrics": metrics(report),
            "step": report.cycle,
        }
        command = [sys.executable, "-P", "-m", "cycles.showing.trackio_writer"]
        try:
            subprocess.run(
                command,
                input=json.dumps(row),
                env=environment,
                capture_output=True,
                text=True,
                timeout=_TRACKIO_SECONDS,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise TrackingError(error.stderr.strip().rpartition("\n")[2]) from None
        except subprocess.TimeoutExpired as error:
            raise TrackingError(str(error)) from None


class Tracked:
    """The observer `shown`, and a tracker that gets every finished cycle."""

    def __init__(self, shown: Observer, tracker: Tracker) -> None:
        self._shown, self._tracker = shown, tracker
        self.stage_started, self.advanced = shown.stage_started, shown.advanced
        self.stage_finished, self.note = shown.stage_finished, shown.note

    def judged(self, evaluation: Evaluation, admission: Admission) -> None:
        """Show it; trackers get whole cycles."""
        self._shown.judged(evaluation, admission)

    def cycle_finished(self, report: CycleReport) -> None:
        """Show the cycle and write it; a tracker's failure is told and stops nothing."""
        self._shown.cycle_finished(report)
        try:
            self._tracker.write(report)
        except TrackingError as error:
            self.note(f"Tracking: cycle {report.cycle} was not written ({error}). The ledger has it.")


def tracked(observer: Observer, config: RunConfig, run: Path) -> Observer:
    """Return `observer`, with the tracker that the configuration of the run at `run` asks for."""
    check_tracking(config.tracking)
    if config.tracking == "tensorboard":
        return Tracked(observer, TensorBoardTracker(config, run / "tensorboard"))
    if config.tracking == "trackio":
        whole = run.resolve()
        return Tracked(observer, TrackioTracker(config, whole.parent / "trackio", whole.name))
    return observer


def check_tracking(tracking: Tracking) -> None:
    """Raise UsageError, with the remedy, if the tracker is not installed."""
    if tracking != "none" and importlib.util.find_spec(tracking) is None:
        raise UsageError(
            f"tracking = '{tracking}' needs the package {tracking}, which is not installed. Install it in "
            f"the checkout: .venv/bin/python -m pip install -e '.[{_EXTRAS[tracking]}]', or leave it out."
        )


def metrics(report: CycleReport) -> dict[str, float]:
    """Return the figures of a cycle under flat names (`valid/rate`, `valid/low`), unknown ones left out.

    Where the metric is not accuracy, names and values are the metric's: `best_relative-l2`.
    """
    metric = report.metric
    flat: dict[str, float] = {}
    for name in ("executable", "valid", "strong", "novel", "admitted", "unique"):
        rate: Rate | None = getattr(report, name)
        if rate is None:
            continue
        flat |= {f"{name}/rate": rate.value, f"{name}/low": rate.low, f"{name}/high": rate.high}
    for name in ("mean_accuracy_all", "mean_accuracy_valid"):
        mean: Mean = getattr(report, name).shown_as(metric)
        if mean.count:
            named = name.replace("accuracy", metric)
            flat |= {f"{named}/mean": mean.value, f"{named}/low": mean.low, f"{named}/high": mean.high}
    if report.best_accuracy is not None:
        flat[f"best_{metric}"] = metric.of(report.best_accuracy)
    single = ("median_jaccard", "unique_skeletons", "family_entropy_bits", "mean_tokens")
    known = ((name, getattr(report, name)) for name in single)
    flat |= {name: value for name, value in known if value is not None}
    flat["admitted/count"] = report.admitted.count
    flat |= {f"status/{status}": count for status, count in report.statuses.items()}
    flat |= {f"seconds/{stage}": seconds for stage, seconds in report.stage_seconds.items()}
    if report.training is not None:
        flat |= {"training/examples": report.training.examples, "training/steps": report.training.steps}
        if report.training.last_loss is not None:
            flat["training/last_loss"] = report.training.last_loss
    return flat
