"""The batch script for Slurm: what it would start, and the whole of it over an `srun` that stays here."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "slurm_ray"
SRUN = '#!/usr/bin/env bash\nwhile [[ $1 == --* ]]; do shift; done\nexec "$@"\n'
"""Starts a step where it is called, whatever node is named."""


def started(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("SLURM", "RAY"))}
    return subprocess.run(
        ["bash", str(SCRIPT), *arguments], env=kept | variables, capture_output=True, text=True
    )


def test_every_variable_is_explained() -> None:
    said = started("--help").stdout
    for name in ("RUN", "CPUS", "HEAD_CPUS", "PORT", "WAIT_SECONDS", "NODES"):
        assert f"\n  {name} " in said and f"${{{name}" in SCRIPT.read_text(encoding="utf-8")


def test_a_dry_run_names_a_head_the_other_nodes_and_the_run(tmp_path: Path) -> None:
    shown = started("--dry-run", "--preset", "smoke", NODES="a b c", CPUS="16", RUN=f"{tmp_path}/run").stdout
    head, *others, run = shown.splitlines()
    assert "--nodelist=a " in head and "--head" in head and "--num-cpus=14 " in head
    assert [f"--nodelist={name} " in line for name, line in zip("bc", others, strict=True)] == [True, True]
    assert all("--num-cpus=16 " in line and "--address=a:6379" in line for line in others)
    assert all("--disable-usage-stats" in line for line in (head, *others))
    wanted = "--set scale.engine=ray --set scale.address=auto --preset smoke"
    assert run.strip() == f".venv/bin/archloop run --out {tmp_path}/run {wanted}"


def test_a_run_that_is_there_goes_on(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    shown = started("--dry-run", NODES="a", RUN=str(tmp_path)).stdout
    assert shown.splitlines()[-1].strip() == f".venv/bin/archloop resume {tmp_path}"


def test_outside_of_a_job_it_says_how_to_submit_it() -> None:
    ended = started()
    assert ended.returncode == 3 and "sbatch --nodes=2 scripts/slurm_ray" in ended.stderr


@pytest.mark.slow
def test_it_starts_a_cluster_and_runs_over_it_and_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install -e '.[ray]'")
    srun = tmp_path / "bin" / "srun"
    srun.parent.mkdir()
    srun.write_text(SRUN)
    srun.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.2", 0))
        port = str(free.getsockname()[1])
    settings = ["--preset", "smoke", "--set", "strategy.name=random", "--set", "teaching.by=nobody"]
    ended = started(
        *settings,
        NODES="127.0.0.2 127.0.0.2",
        CPUS="1",
        PORT=port,
        RUN=f"{tmp_path}/run",
        PATH=f"{srun.parent}:{os.environ['PATH']}",
    )
    assert ended.returncode == 0, ended.stderr
    assert "2 of 2 nodes are there" in ended.stderr
    assert (tmp_path / "run" / "report.html").is_file()
    with socket.socket() as again:  # nobody listens there any more
        assert again.connect_ex(("127.0.0.2", int(port))) != 0
