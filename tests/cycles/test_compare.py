"""`archloop compare` and `archloop retest` as a user calls them: runs by hand, and one study run for real."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from cycles.config.run import load_config
from cycles.config.study import load_study
from cycles.studies.gathering import gather_study
from tests.command_line import ENTRY
from tests.studies import write_search

STUDY = """
name = "hand"
preset = "cpu-tiny"
seeds = 5

[set]
cycles = 1
candidates = 3

[arms.loop]

[arms."random search"]
strategy.name = "random"
teaching.by = "nobody"
"""

REAL = """
name = "real"
preset = "smoke"
seeds = 1
retest = { seeds = 1 }

[set]
cycles = 1
candidates = 3

[arms.random]
strategy.name = "random"
teaching.by = "nobody"
"""


def archloop(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*ENTRY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def finished_study(folder: Path) -> tuple[Path, Path]:
    """Write a study and all its runs as they would be; return its file and its directory."""
    file, out = folder / "study.toml", folder / "out"
    file.write_text(STUDY, encoding="utf-8")
    for cell in load_study(file).cells:
        best = 0.8 if cell.arm == "loop" else 0.9 + 0.01 * cell.seed
        write_search(out / cell.place, cell.config, [[0.2, best, None]])
    return file, out


def test_a_finished_study_is_reported_and_nothing_is_run(tmp_path: Path) -> None:
    file, out = finished_study(tmp_path)
    result = archloop("compare", file, "--out", out, "--json")
    assert result.returncode == 0 and result.stderr == ""
    data = json.loads(result.stdout)
    best = [run["best"] for run in data["arms"]["random search"]]
    assert best == pytest.approx([0.9, 0.91, 0.92, 0.93, 0.94])
    (pair,) = data["pairs"]
    assert pair["sentence"].startswith("loop loses to random search: -0.120 [")
    assert "<svg" in (out / "study.html").read_text(encoding="utf-8")
    assert (out / "study.toml").read_text(encoding="utf-8") == STUDY


def test_report_only_leaves_out_what_is_missing_and_says_so(tmp_path: Path) -> None:
    file, out = finished_study(tmp_path)
    file.write_text(STUDY.replace("seeds = 5", "seeds = [0, 1, 2, 3, 4, 9]"), encoding="utf-8")
    result = archloop("compare", file, "--out", out, "--report-only", "--markdown")
    assert result.returncode == 0, result.stderr
    assert "Not finished, and so left out: loop, seed 9; random search, seed 9." in result.stdout
    assert "| loop | 0.800 | 0.800 | 0.800 | 0.800 | 0.800 | 0.800 |" in result.stdout


def test_a_run_of_other_settings_is_not_taken_for_the_studys(tmp_path: Path) -> None:
    file, out = finished_study(tmp_path)
    result = archloop("compare", file, "--out", out, "--set", "corpus.min_accuracy=0.9")
    assert result.returncode == 2
    assert "loop-0: this run was started with other settings" in result.stderr
    assert "corpus.min_accuracy" in result.stderr


def test_runs_are_grouped_to_arms_by_their_configuration(tmp_path: Path) -> None:
    _, out = finished_study(tmp_path)
    result = archloop(
        "compare", *(out / f"{arm}-{seed}" for seed in (0, 1) for arm in ("loop", "random-search"))
    )
    assert result.returncode == 0, result.stderr
    assert "too few seeds to tell closed loop from random search" in result.stdout
    assert "no run" in archloop("compare", tmp_path).stderr


def test_a_study_says_which_run_it_has_read(tmp_path: Path) -> None:
    file, out = finished_study(tmp_path)
    study, read = load_study(file), []
    gather_study(study, out, read.append)
    assert read == [cell.words for cell in study.cells]


def test_two_runs_of_one_arm_and_one_seed_are_refused(tmp_path: Path) -> None:
    config = load_config("cpu-tiny", ["cycles=1"])
    runs = [write_search(tmp_path / name, config, [[0.5]]) for name in ("a", "b")]
    result = archloop("compare", *runs)
    assert result.returncode == 2 and "has seed 0 too" in result.stderr


def test_an_unfinished_run_is_neither_compared_nor_tested_anew(tmp_path: Path) -> None:
    run = write_search(tmp_path / "run", load_config("cpu-tiny", ["cycles=2"]), [[0.5]])
    for command in ("compare", "retest"):
        result = archloop(command, run)
        assert result.returncode == 2 and f"archloop resume {run}" in result.stderr


def judged(run: Path) -> int:
    if not (run / "corpus.db").exists():
        return 0
    with sqlite3.connect(run / "corpus.db") as database:
        return int(database.execute("SELECT count(*) FROM evaluations").fetchone()[0])


def children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def until(condition: object, seconds: float = 600.0) -> None:
    """Wait until a condition, given as a function, holds."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to this in time"
        time.sleep(0.05)


@pytest.mark.timeout(1800)  # five times it starts the sandbox or a study, beside whatever else goes on
def test_a_study_that_is_killed_or_interrupted_goes_on_and_ends_once(tmp_path: Path) -> None:
    file, out, log = tmp_path / "study.toml", tmp_path / "out", tmp_path / "log"
    file.write_text(REAL, encoding="utf-8")
    command = [*ENTRY, "compare", str(file), "--out", str(out)]

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(command, stdout=output, stderr=output)

    killed = start()
    until(lambda: judged(out / "random-0") > 0)
    (child,) = children(killed.pid)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    until(lambda: not Path(f"/proc/{child}").exists(), 20)

    interrupted = start()
    until(lambda: children(interrupted.pid))
    interrupted.send_signal(signal.SIGINT)
    assert interrupted.wait(timeout=600) == 130, log.read_text()
    assert "The same command goes on with the study." in log.read_text()

    last = archloop("compare", file, "--out", out, "--json")
    assert last.returncode == 0, last.stderr
    (run,) = json.loads(last.stdout)["arms"]["random"]
    assert run["evaluations"] == 3 and len(run["retests"]) == 1 and run["retested_id"] == run["best_id"]
    rows = judged(out / "random-0")
    assert rows == 4  # three of the search, one re-test
    again = archloop("compare", file, "--out", out)
    assert again.returncode == 0 and again.stderr == "" and judged(out / "random-0") == rows
