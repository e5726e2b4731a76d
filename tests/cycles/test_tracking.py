"""Trackers get a true copy of each cycle's figures, stay on this machine, and never stop a run."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from pathlib import Path

import pytest
from rich.console import Console

from cycles.config.run import RunConfig, load_config
from cycles.errors import UsageError
from cycles.figures.cycle_report import cycle_report
from cycles.figures.records import CycleReport
from cycles.showing.progress import PlainProgress
from cycles.showing.tracking import (
    TensorBoardTracker,
    Tracked,
    TrackingError,
    TrackioTracker,
    check_tracking,
    metrics,
    tracked,
)
from tests.ledgers import new_corpus, program, write_cycle


def installed(package: str, extra: str) -> pytest.MarkDecorator:
    reason = f"{package} is not installed; pip install -e '.[{extra}]' runs it"
    return pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=reason)


@pytest.fixture
def reports(tmp_path: Path) -> list[CycleReport]:
    config = RunConfig()
    with new_corpus(tmp_path) as ledger:
        for cycle, accuracy in enumerate((0.5, 0.75)):
            programs = [(program(f"a b c{cycle}"), accuracy), (program("d e"), None)]
            write_cycle(ledger, cycle, programs, config.corpus)
        return [cycle_report(ledger, cycle, config) for cycle in (0, 1)]


class Failing:
    """A tracker on a full disk."""

    def write(self, report: CycleReport) -> None:
        raise TrackingError("No space left on device")


def observer(path: Path) -> tuple[PlainProgress, Path]:
    return PlainProgress(Console(file=path.open("w"), width=200)), path


def test_the_figures_are_those_of_the_report(reports: list[CycleReport]) -> None:
    flat = metrics(reports[0])
    assert flat["valid/rate"] == 0.5
    assert flat["best_accuracy"] == 0.5
    assert flat["status/SHAPE_ERROR"] == 1


def test_a_figure_that_is_not_known_is_left_out(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        write_cycle(ledger, 0, [(program("a b"), None)], RunConfig().corpus)
        flat = metrics(cycle_report(ledger, 0, RunConfig()))
    assert "best_accuracy" not in flat and "mean_accuracy_valid/mean" not in flat
    assert all(isinstance(value, (int, float)) for value in flat.values())


def test_nothing_is_tracked_by_default(tmp_path: Path) -> None:
    shown, _ = observer(tmp_path / "shown")
    assert tracked(shown, load_config(), tmp_path) is shown


@pytest.mark.parametrize(("tracker", "extra"), [("trackio", "track"), ("tensorboard", "tensorboard")])
def test_a_tracker_that_is_not_installed_names_its_extra(
    monkeypatch: pytest.MonkeyPatch, tracker: str, extra: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=rf"\[{extra}\]"):
        check_tracking(load_config("smoke", [f"tracking={tracker}"]).tracking)


def test_a_failing_tracker_is_told_and_stops_nothing(tmp_path: Path, reports: list[CycleReport]) -> None:
    shown, file = observer(tmp_path / "shown")
    Tracked(shown, Failing()).cycle_finished(reports[1])
    text = file.read_text()
    assert "cycle 1: valid" in text and "No space left on device" in text


@installed("tensorboard", "tensorboard")
def test_tensorboard_reads_back_what_was_written(tmp_path: Path, reports: list[CycleReport]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for report in reports:
        TensorBoardTracker(RunConfig(), tmp_path / "tensorboard").write(report)
    read = EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    best = [(event.step, event.value) for event in read.Scalars("best_accuracy")]
    assert best == [(0, 0.5), (1, 0.75)]
    assert set(read.Tags()["scalars"]) == {*metrics(reports[0]), *metrics(reports[1])}


@installed("trackio", "track")
def test_trackio_writes_locally_even_where_a_space_is_configured(
    tmp_path: Path, reports: list[CycleReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_SPACE_ID", "somebody/somewhere")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "elsewhere"))
    tracker = TrackioTracker(RunConfig(), tmp_path / "trackio", "mine")
    for report in reports:
        tracker.write(report)
    assert not (tmp_path / "elsewhere").exists()
    with sqlite3.connect(tmp_path / "trackio" / "archloop.db") as database:
        rows = database.execute("SELECT run_name, step, metrics FROM metrics ORDER BY step").fetchall()
    assert [(name, step) for name, step, _ in rows] == [("mine", 0), ("mine", 1)]
    assert json.loads(rows[1][2]) == pytest.approx(metrics(reports[1]))
