"""The table of edits, printed for a few of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "measure_mutation.py"


def test_every_edit_is_counted_under_its_operator() -> None:
    command = [sys.executable, str(SCRIPT), "--edits", "6", "--chains", "2", "--length", "3"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for title in ("single edits", "chained edits"):
        table = printed[printed.index(title) :].split("\n\n")[0].splitlines()[2:]
        counts = [int(line.split()[1]) for line in table]
        assert counts[-1] == sum(counts[:-1]) == 6
    assert "last of each chain" in printed
