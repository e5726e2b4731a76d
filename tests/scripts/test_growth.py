"""The scripts behind docs/growth.md print a line for what they measure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


def printed(script: str, *words: str | Path) -> list[str]:
    command = [sys.executable, str(SCRIPTS / script), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.slow
def test_operations_are_measured_and_the_runs_stay_as_they_are(tmp_path: Path) -> None:
    printed("bench_growth.py", "--sizes", "60", "--keep", tmp_path, "--only", "status")
    before = (tmp_path / "60" / "corpus.db").read_bytes()
    lines = printed("bench_growth.py", "--sizes", "60", "--keep", tmp_path, "--only", "cycle end", "resume")
    assert [line.split("  ")[0].strip() for line in lines] == ["operation", "cycle end", "resume"]
    assert all(line.count(" MB") == 1 for line in lines[1:])
    assert (tmp_path / "60" / "corpus.db").read_bytes() == before


@pytest.mark.slow
def test_a_soak_ends_with_as_much_as_it_began(tmp_path: Path) -> None:
    lines = printed("soak_evaluator.py", "--candidates", "24", "--every", "8")
    flat = {line.split()[0]: line.split()[1].rstrip(":") for line in lines if "then" in line}
    assert flat["processes"] == flat["descriptors"] == flat["scratch"] == "flat"
