"""The table of edits, printed for a few of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "measure_mutation.py"


def measure(*options: str) -> str:
    command = [sys.executable, str(SCRIPT), "--edits", "6", "--chains", "2", "--length", "3", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_edit_is_counted_under_its_operator() -> None:
    tables = json.loads(measure("--json"))
    for rows in (tables["single edits"], tables["chained edits"]):
        assert rows.pop("all")["edits"] == 6 == sum(row["edits"] for row in rows.values())


def test_the_table_has_a_line_for_all_edits() -> None:
    printed = measure()
    assert printed.count("\nall ") == 2
    assert "of each chain" in printed
