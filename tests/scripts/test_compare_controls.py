"""The table of the controls, printed from ledgers whose figures are known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from corpus.ledger.writer import LedgerWriter
from cycles.config.run import load_config
from cycles.run.run_directory import RunDirectory
from tests.ledgers import program, write_cycle

SCRIPT = Path(__file__).parents[2] / "scripts" / "compare_controls.py"
WORDS = [
    "conv relu",
    "linear gelu",
    "norm tanh",
    "gru silu",
    "mish fold",
    "elu pad",
    "pool drop",
    "flat crop",
]


SETTINGS = {
    "closed-loop": [],
    "random-valid": ["teaching.by=random-valid"],
    "frozen": ["teaching.by=nobody"],
    "random-search": ["strategy.name=random", "teaching.by=nobody"],
}


def write_run(out: Path, arm: str, seed: int, cycles: list[list[float | None]]) -> None:
    config = load_config("cpu-tiny", [f"seed={seed}", *SETTINGS[arm]])
    directory = RunDirectory.create(out / f"{arm}-{seed}", config)
    with LedgerWriter.create(directory.ledger_file) as ledger:
        for cycle, scores in enumerate(cycles):
            rows = [
                (program(f"{words} {words}c{cycle}s{seed}"), score)
                for words, score in zip(WORDS, scores, strict=False)
            ]
            write_cycle(ledger, cycle, rows, config.corpus)


def report(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--report-only", "--out", str(out), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_table_pools_seeds_and_the_ratios_are_paired(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_run(tmp_path, "closed-loop", seed, [[0.4, None, None, None], [0.8, 0.8, 0.8, None]])
        write_run(tmp_path, "random-valid", seed, [[0.4, None, None, None], [0.4, 0.4, 0.4, None]])
        write_run(tmp_path, "frozen", seed, [[0.4, None, None, None], [0.4, None, None, None]])
        write_run(tmp_path, "random-search", seed, [[0.6, 0.6, 0.6, 0.6], [0.6, 0.6, 0.6, 0.6]])
    result = report(tmp_path, "--seeds", "0", "1")
    assert result.returncode == 0, result.stderr
    rows = [line.split(" | ") for line in result.stdout.splitlines() if line.startswith("| closed loop")]
    assert rows[0][2].startswith("25%") and rows[1][2].startswith("75%")
    assert rows[1][3].startswith("0.600")
    assert "| random search | 0.75, 0.75: **0.75x** | 1.00, 1.00: **1.00x** |" in result.stdout
    assert "among all 8 evaluations" in result.stdout
    assert "| closed loop | 0.800, 0.800: **0.800** |" in result.stdout
    assert "| random search | 0.600, 0.600: **0.600** |" in result.stdout
    assert "| frozen | 3.00, 3.00: **3.00x** | 6.00, 6.00: **6.00x** |" in result.stdout
    assert "| random-valid | 1.00, 1.00: **1.00x** | 2.00, 2.00: **2.00x** |" in result.stdout


def test_a_run_that_is_missing_is_named(tmp_path: Path) -> None:
    result = report(tmp_path, "--seeds", "0")
    assert result.returncode != 0
    assert "closed-loop-0" in result.stderr
