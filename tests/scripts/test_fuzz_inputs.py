"""Damaged inputs are read or refused, never a traceback and never slow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "fuzz_inputs.py"


@pytest.mark.slow
def test_five_hundred_damaged_inputs_are_read_or_refused() -> None:
    found = subprocess.run([sys.executable, str(SCRIPT), "--count", "500"], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    lines = found.stdout.splitlines()
    assert len(lines) == 9
    assert all(", 0 tracebacks, 0 over 1 s; " in line for line in lines)
