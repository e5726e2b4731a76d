"""A run whose process the machine ends goes on; one that its user ends, or that is done, does not."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cycles.run.restarting import keep_going
from tests.command_line import ENTRY

SCRIPT = """
import os, signal, sys
from pathlib import Path
place = Path(sys.argv[1])
ends = place.read_text().split()
place.write_text(" ".join(ends[1:]))
if ends[0].startswith("-"):
    os.kill(os.getpid(), -int(ends[0]))
sys.exit(int(ends[0]))
"""


@pytest.mark.parametrize(
    ("ends", "restarts", "code", "begun"),
    [
        ("0 0", 3, 0, 1),
        ("-9 5 1 0 0", 3, 0, 4),
        ("-9 -9 -9 -9", 2, 128 + signal.SIGKILL, 3),
        ("5 5 5", 1, 5, 2),
        ("1 1", 0, 1, 1),
        ("2 0", 3, 2, 1),
        ("4 0", 3, 4, 1),
        ("130 0", 3, 130, 1),
        ("-15 0", 3, 128 + signal.SIGTERM, 1),
        ("-11 0 0", 3, 0, 2),
    ],
)
def test_what_the_machine_ended_is_begun_again(
    tmp_path: Path, ends: str, restarts: int, code: int, begun: int
) -> None:
    plan, said = tmp_path / "ends", list[str]()
    plan.write_text(ends)
    assert keep_going([sys.executable, "-c", SCRIPT, str(plan)], restarts, said.append, wait=0.0) == code
    assert len(ends.split()) - len(plan.read_text().split()) == begun
    assert len(said) == begun - 1


def test_a_run_that_is_killed_goes_on_to_its_end(tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = ["--preset", "smoke", "--strategy", "random", "--teach", "nobody", "--cycles", "1"]
    command = [*ENTRY, "run", *settings, "--set", "candidates=6", "--out", str(run), "--restarts", "2"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        killed = False
        while process.poll() is None:
            inner = _children(process.pid)
            if not killed and inner and _judged(run):
                os.kill(inner[0], signal.SIGKILL)
                killed = True
            time.sleep(0.05)
    said = (tmp_path / "log").read_text()
    assert process.returncode == 0 and killed, said
    assert "was killed by SIGKILL" in said and _judged(run) == 6


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _judged(run: Path) -> int:
    try:
        with sqlite3.connect(f"file:{run}/corpus.db?mode=ro", uri=True) as database:
            return int(database.execute("SELECT count(*) FROM evaluations").fetchone()[0])
    except sqlite3.Error:
        return 0
