"""A run that is killed and resumed has the ledger of an unbroken one, row by row."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import ENTRY

MEASURED = {"wall_seconds", "cpu_seconds", "peak_memory_bytes", "completed_at"}
"""Columns that measure this very execution; everything else must be equal."""


def start(*arguments: str | Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen([*ENTRY, *map(str, arguments)], stdout=output, stderr=output)


def finish(*arguments: str | Path, log: Path) -> None:
    assert start(*arguments, log=log).wait(timeout=280) == 0, log.read_text()


def ledger(run: Path) -> dict[str, list[Any]]:
    """Return every row of every table but the stage times, without what measures time or memory."""
    with sqlite3.connect(run / "corpus.db") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {}
        for table in set(tables) - {"stage_times"}:
            columns = [column for _, column, *_ in database.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(f'"{column}"' for column in columns if column not in MEASURED)
            rows[table] = sorted(database.execute(f"SELECT {kept} FROM {table}"), key=repr)
        rows["trainings"] = [
            {key: value for key, value in json.loads(result).items() if key != "seconds"}
            for (result,) in database.execute("SELECT result FROM trainings ORDER BY cycle")
        ]
    return rows


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("unbroken")
    finish("run", "--preset", "smoke", "--out", folder / "run", log=folder / "log")
    assert ledger(folder / "run")["trainings"], "nothing was fine-tuned: the comparisons would prove little"
    yield folder / "run"


def test_the_ledger_of_a_run_is_complete(unbroken: Path) -> None:
    with sqlite3.connect(unbroken / "corpus.db") as database:
        counts = {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("candidates", "evaluations", "admissions", "prompts")
        }
    # 2 cycles of 12 candidates, and a starting corpus of 8 programs, admitted without an evaluation.
    assert counts == {"candidates": 32, "evaluations": 24, "admissions": 32, "prompts": 24}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_run_killed_at_random_moments_resumes_to_the_same_ledger(
    unbroken: Path, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    run, log = tmp_path / "run", tmp_path / "log"
    process = start("run", "--preset", "smoke", "--out", run, log=log)
    for _ in range(3):
        time.sleep(rng.uniform(3, 16))
        process.send_signal(signal.SIGKILL)
        process.wait()
        command = (
            ["resume", run] if (run / "config.toml").exists() else ["run", "--preset", "smoke", "--out", run]
        )
        process = start(*command, log=log)
    assert process.wait(timeout=200) == 0, log.read_text()
    resumed, expected = ledger(run), ledger(unbroken)
    assert resumed.keys() == expected.keys()
    for table in expected:
        assert resumed[table] == expected[table], table
    first, second = ((path / "cycles/001/adapter/adapter_model.safetensors") for path in (run, unbroken))
    assert first.read_bytes() == second.read_bytes()


def test_an_interrupted_run_says_how_to_go_on_and_goes_on(unbroken: Path, tmp_path: Path) -> None:
    run, log = tmp_path / "run", tmp_path / "log"
    process = start("run", "--preset", "smoke", "--out", run, log=log)
    while not (run / "corpus.db").exists():
        time.sleep(0.1)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert f"archloop resume {run}" in log.read_text()
    finish("resume", run, log=log)
    assert ledger(run) == ledger(unbroken)


def test_the_four_single_steps_give_what_a_run_gives(unbroken: Path, tmp_path: Path) -> None:
    run, log = tmp_path / "run", tmp_path / "log"
    finish("run", "--prepare", "--preset", "smoke", "--out", run, log=log)
    for _ in range(2):
        for step in ("finetune", "generate", "evaluate"):
            finish(step, "--run", run, log=log)
    assert ledger(run) == ledger(unbroken)


def test_a_finished_run_is_only_reported(unbroken: Path, tmp_path: Path) -> None:
    before = ledger(unbroken)
    log = tmp_path / "log"
    finish("resume", unbroken, log=log)
    assert "median" in log.read_text()
    assert ledger(unbroken) == before
