"""The table of how evenly ideas are drawn, printed for a few of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "measure_fairness.py"


def printed(*arguments: str) -> str:
    command = [sys.executable, str(SCRIPT), "--ideas", "500", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_fair_drawing_meets_the_bar_and_uniform_drawing_does_not() -> None:
    result = json.loads(printed("--json"))
    fair, uniform = result["sampling"]["fair"], result["sampling"]["uniform"]
    assert result["met"]
    assert fair["categories"] >= 0.95 > 0.5 > uniform["categories"] > 0
    assert 0.85 < uniform["largest"] < 0.95 and fair["largest"] < 0.15
    assert fair["sub-categories"] > uniform["sub-categories"]


def test_the_bar_is_missed_where_there_is_nothing_to_be_fair_about() -> None:
    assert "MISSED" in printed("--share", "0.0", "--category", "operator/activation")
