#!/usr/bin/env python
"""Count rows that are lost or doubled where judging workers and nodes of a Ray cluster are killed midway.

    .venv/bin/python scripts/measure_ray_kills.py --runs 20         # needs the extra `ray`; ten quiet minutes

Each run is a whole `archloop run` of its own seed, random search on small digits, over a real cluster of two
nodes on this machine's loopback. Once a drawn number of judgements is in the ledger, a worker is killed
(SIGKILL), and after another drawn number the second node: its raylet and all that it started. Beside it
stands the ledger of the same run under `scale.engine = "local"`.

    lost, doubled    judgements that are missing, or there twice, of all candidates
    other rows       rows of any table that differ from the local run's, but for times and memory

It does *not* kill the head of the cluster, which a run does not survive: `archloop resume` goes on with it.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from evaluator.child.confinement import descendants

ENTRY = [sys.executable, "-c", "from cycles.__main__ import main; main()"]
SETTINGS = (
    "strategy.name=random", "teaching.by=nobody", "cycles=2", "corpus.min_accuracy=0.1",
    "evaluator.train_images=200",
)  # fmt: skip
MEASURED = {"wall_seconds", "cpu_seconds", "peak_memory_bytes", "completed_at"}
NODE: dict[str, Any] = {
    "num_cpus": 1,
    "object_store_memory": 80 * 2**20,
    "node_ip_address": "127.0.0.2",
    "include_dashboard": False,
}
"""A node with room for one worker. Ray takes 127.0.0.1 for the outward address, and this one as it is."""


class Outcome(NamedTuple):
    """What became of one run beside its local twin."""

    kills: int
    noticed: int
    lost: int
    doubled: int
    others: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20, help="runs, each with a seed of its own (20)")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first run (0)")
    parser.add_argument("--candidates", type=int, default=20, help="programs in each of two cycles (20)")
    options = parser.parse_args()
    os.environ.update(
        RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32), RAY_USAGE_STATS_ENABLED="0"
    )
    from ray.cluster_utils import Cluster

    print("| run | killed behind judgement | losses noticed | lost | doubled | other rows |")
    print("|---|---|---|---|---|---|")
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="archloop-kills-") as home:
        cluster = Cluster(initialize_head=True, head_node_args=dict(NODE))
        try:
            for seed in range(options.first_seed, options.first_seed + options.runs):
                total.update(_compared(cluster, Path(home), seed, options.candidates)._asdict())
        finally:
            cluster.shutdown()
    print(
        f"\n{options.runs} runs of {2 * options.candidates} candidates, {total['kills']} kills, "
        f"{total['noticed']} losses noticed: {total['lost']} rows lost, {total['doubled']} doubled, "
        f"{total['others']} other than the local run's"
    )
    sys.exit(1 if total["lost"] or total["doubled"] or total["others"] else 0)


def _compared(cluster: Any, home: Path, seed: int, candidates: int) -> Outcome:
    """Have a run with kills and the local one of the same seed, and print and return how they compare."""
    local, spread = home / f"local-{seed}", home / f"ray-{seed}"
    _started(local, seed, candidates).wait()
    rng = random.Random(seed)
    places = sorted(rng.sample(range(1, 2 * candidates - 4), 2))
    node = cluster.add_node(**NODE)
    process = _started(spread, seed, candidates, "scale.engine=ray", f"scale.address={cluster.address}")
    kills = 0
    try:
        for place, kill in zip(places, (_kill_worker, lambda: cluster.remove_node(node, False)), strict=True):
            while process.poll() is None and _judged(spread) < place:
                time.sleep(0.02)
            if process.poll() is None:
                kill()
                kills += 1
        code = process.wait()
    finally:
        process.kill()
        if node in cluster.worker_nodes:
            cluster.remove_node(node)
    log = spread.with_suffix(".log").read_text()
    if code != 0:
        raise SystemExit(f"run {seed} ended with {code}:\n{log}")
    ours, theirs = _rows(spread), _rows(local)
    ids = Counter(row[0] for row in _select(spread, "SELECT candidate_id FROM evaluations"))
    wanted = [row[0] for row in _select(local, "SELECT candidate_id FROM evaluations")]
    outcome = Outcome(
        kills=kills,
        noticed=log.count("was lost"),
        lost=sum(1 for each in wanted if each not in ids),
        doubled=sum(count - 1 for count in ids.values()),
        others=sum((ours - theirs).values()) + sum((theirs - ours).values()),
    )
    where = f"worker {places[0]}, node {places[1]}"
    print(
        f"| {seed} | {where} | {outcome.noticed} | {outcome.lost} | {outcome.doubled} | {outcome.others} |",
        flush=True,
    )
    return outcome


def _started(path: Path, seed: int, candidates: int, *settings: str) -> subprocess.Popen[bytes]:
    """Start a run at `path`, its words in a file beside it."""
    said = [f"candidates={candidates}", f"seed={seed}", *SETTINGS, *settings]
    command = [*ENTRY, "run", "--preset", "smoke", "--out", str(path)]
    for each in said:
        command += ["--set", each]
    with path.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def _kill_worker() -> None:
    """Kill the judging worker that was started first."""
    for pid in sorted(descendants(os.getpid())):
        with suppress(OSError):  # it has ended meanwhile
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::JudgingWorker"):
                os.kill(pid, signal.SIGKILL)
                return
    raise SystemExit("no judging worker runs, although judgements come in")


def _judged(run: Path) -> int:
    try:
        return int(_select(run, "SELECT count(*) FROM evaluations")[0][0])
    except sqlite3.OperationalError:  # there is no ledger yet
        return 0


def _select(run: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{run / 'corpus.db'}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def _rows(run: Path) -> Counter[str]:
    """Return every row of every table but the stages' times, without what measures time or memory."""
    rows: Counter[str] = Counter()
    for (table,) in _select(run, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        if table != "stage_times":
            columns = [each[1] for each in _select(run, f"PRAGMA table_info({table})")]
            kept = ", ".join(f'"{column}"' for column in columns if column not in MEASURED)
            rows.update(f"{table}: {row!r}" for row in _select(run, f"SELECT {kept} FROM {table}"))
    return rows


if __name__ == "__main__":
    main()
