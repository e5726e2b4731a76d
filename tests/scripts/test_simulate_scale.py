"""The simulation of many machines: nothing is lost in it, and what is scarce is what it calls full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "simulate_scale.py"


def simulated(*arguments: object) -> list[dict[str, str]]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    head, _, *rows = [line for line in printed.splitlines() if line.startswith("|")]
    names, *cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in (head, *rows)]
    return [dict(zip(names, each, strict=True)) for each in cells]


def share(text: str) -> float:
    return float(text.partition("%")[0])


def test_with_quick_workers_the_driver_is_full_and_with_slow_ones_judging_is() -> None:
    (quick,) = simulated("--gpus", 64, "--judge-seconds", 0.01, "--judge-p90", 0.02, "--train-seconds", 0,
                         "--completions-per-minute", 1e6, "--cycles", 1)  # fmt: skip
    (slow,) = simulated("--gpus", 64, "--judge-seconds", 60, "--judge-p90", 90, "--judges-per-gpu", 1,
                        "--cycles", 1)  # fmt: skip
    assert quick["fullest"] == "driver" and share(quick["driver"]) > 95
    assert slow["fullest"] == "judging" and share(slow["judging"]) > 85


def test_a_driver_that_costs_nothing_lets_a_run_grow_with_its_machines() -> None:
    rows = simulated("--gpus", 8, 64, "--times", 0, 0, 0, 0, "--valid-share", 0, "--failures-per-gpu-hour", 0)
    assert 7.5 < float(rows[1]["x"]) <= 8.1


def test_nodes_that_die_cost_time_and_no_candidate() -> None:
    arguments = ("--gpus", 64, "--judge-seconds", 60, "--judge-p90", 90, "--judges-per-gpu", 1, "--cycles", 2)
    (calm,) = simulated(*arguments, "--failures-per-gpu-hour", 0)
    (rough,) = simulated(*arguments, "--failures-per-gpu-hour", 0.5)
    assert int(rough["deaths"]) > 3 and int(rough["again"]) > 3 and int(calm["again"]) == 0
    assert rough["judged"] == calm["judged"]
    assert float(rough["minutes"]) > float(calm["minutes"])
    assert simulated(*arguments, "--failures-per-gpu-hour", 0.5) == [rough]
