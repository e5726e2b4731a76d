"""Watching a run: what is said of a ledger, and how the command ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import time
from pathlib import Path

from rich.console import Console

from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from corpus.records.trainings import CycleStage
from cycles.config.run import RunConfig
from cycles.figures.snapshot import Watcher
from cycles.run.run_directory import RunDirectory
from cycles.showing.watch import picture, watch
from tests.command_line import ENTRY
from tests.ledgers import candidate, evaluation, program, prompt, write_cycle
from tests.runs import SMALL, new_run, write_run


def test_a_finished_run_ends_the_watching(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", cycles=2)
    said = io.StringIO()
    watch(run, Console(file=said, width=200), every_seconds=0.1)
    assert said.getvalue().startswith("All 2 cycles are complete.")
    assert said.getvalue().count("\n") == 1


def test_a_change_of_the_ledger_is_a_line_and_a_quiet_ledger_none(tmp_path: Path) -> None:
    config = RunConfig(cycles=2, candidates=2, corpus=SMALL)
    directory = new_run(tmp_path / "run", config)
    watching = subprocess.Popen(
        [*ENTRY, "watch", str(directory.path), "--every", "0.1"], stdout=subprocess.PIPE, text=True
    )
    assert watching.stdout is not None
    assert watching.stdout.readline().startswith("0 of 2 cycles are complete.")
    time.sleep(0.5)
    for cycle in (0, 1):
        with LedgerWriter.open(directory.ledger_file) as ledger:
            write_cycle(ledger, cycle, [(program("conv relu"), 0.6), (program("norm flat"), None)], SMALL)
    lines = watching.stdout.read().splitlines()
    watching.wait(10)
    assert watching.returncode == 0
    assert lines[-1].startswith("All 2 cycles are complete.")
    assert len(lines) <= 4  # nothing was said in the quiet half second


def test_json_lines_say_how_far_the_run_is(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", cycles=1)
    said = io.StringIO()
    watch(run, Console(file=said), every_seconds=0.1, as_json=True)
    found = json.loads(said.getvalue())
    assert found["event"] == "finished" and found["completed"] == 1


def test_interrupting_the_watching_leaves_the_run_alone(tmp_path: Path) -> None:
    directory = new_run(tmp_path / "run", RunConfig(cycles=2, candidates=2, corpus=SMALL))
    before = directory.ledger_file.read_bytes()
    watching = subprocess.Popen(
        [*ENTRY, "watch", str(directory.path), "--every", "0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    watching.stdout.readline()
    os.kill(watching.pid, signal.SIGINT)
    _, error = watching.communicate(timeout=10)
    assert watching.returncode == 130
    assert "the run is as it was" in error and "Traceback" not in error
    assert directory.ledger_file.read_bytes() == before


def test_the_time_left_follows_from_the_cycles_that_are_complete(tmp_path: Path) -> None:
    config = RunConfig(cycles=4, candidates=2, corpus=SMALL)
    directory = new_run(tmp_path / "run", config)
    with LedgerWriter.open(directory.ledger_file) as ledger:
        write_cycle(ledger, 0, [(program("conv relu"), 0.6), (program("norm flat"), 0.5)], SMALL)
        ledger.record_stage(0, CycleStage.GENERATE, 10.0)
        ledger.record_stage(0, CycleStage.JUDGE, 30.0)
        # Half of cycle 1 is judged, all of it is sampled: 15 s of judging and two whole cycles are left.
        ledger.add_prompts(1, [prompt(1, 0), prompt(1, 1)])
        rows = [candidate(1, index, program("pool drop")) for index in range(2)]
        ledger.add_candidates(rows)
        judged = evaluation(rows[0], None)
        ledger.add_judgement(judged, decide(judged, None, SMALL))
    snapshot = Watcher(directory, config).look()
    assert snapshot.seconds_left == 15.0 + 2 * 40.0
    assert not snapshot.finished


def test_without_a_complete_cycle_nothing_is_promised(tmp_path: Path) -> None:
    config = RunConfig(cycles=4, candidates=2, corpus=SMALL)
    directory = new_run(tmp_path / "run", config)
    assert Watcher(directory, config).look().seconds_left is None


def test_the_picture_shows_rates_failures_and_the_best(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", cycles=2)
    directory = RunDirectory.open(run)
    snapshot = Watcher(directory, directory.config()).look()
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(picture(snapshot, directory.config(), run))
    shown = console.export_text()
    assert "shape error" in shown and snapshot.best[0].candidate.id in shown
