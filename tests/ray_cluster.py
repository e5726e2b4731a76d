"""A real Ray cluster of two nodes on this machine's loopback, whose workers and nodes a test can kill."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evaluator.child.confinement import descendants

os.environ.update(
    RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32), RAY_USAGE_STATS_ENABLED="0"
)  # before Ray is imported, which reads them then

pytest.importorskip("ray", reason="needs Ray: pip install -e '.[ray]'")

_NODE: dict[str, Any] = {
    "num_cpus": 1,
    "object_store_memory": 80 * 2**20,
    "node_ip_address": "127.0.0.2",  # loopback as well; Ray takes 127.0.0.1 for the outward address
    "include_dashboard": False,
}


class TwoNodes:
    """A cluster of a head and another node, each with room for one judging worker."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args=dict(_NODE))
        self._other: Any = None
        self.add_node()

    @property
    def address(self) -> str:
        return self._cluster.address

    def add_node(self) -> None:
        """Have the other node, whether it was killed before or not."""
        if self._other is None:
            self._other = self._cluster.add_node(**_NODE)

    def kill_node(self) -> None:
        """Kill the other node: its raylet, and so its workers, without a word."""
        self._cluster.remove_node(self._other, allow_graceful=False)
        self._other = None

    def close(self) -> None:
        self._cluster.shutdown()


@contextmanager
def two_nodes() -> Iterator[TwoNodes]:
    """Yield a running cluster, and end it."""
    cluster = TwoNodes()
    try:
        yield cluster
    finally:
        cluster.close()


def judging_workers() -> list[int]:
    """Return the processes of judging workers that this process's clusters run."""
    return [pid for pid in descendants(os.getpid()) if _title(pid).startswith("ray::JudgingWorker")]


def kill_a_worker(number: int = 0) -> None:
    """Kill one of the judging workers, as the kernel does where memory is short."""
    workers = judging_workers()
    os.kill(workers[number % len(workers)], signal.SIGKILL)


def await_workers(count: int, seconds: float = 60.0) -> None:
    """Wait until that many judging workers are there."""
    deadline = time.monotonic() + seconds
    while len(judging_workers()) != count:
        assert time.monotonic() < deadline, f"{len(judging_workers())} workers instead of {count}"
        time.sleep(0.1)


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0 ").decode(errors="replace")
    except OSError:
        return ""
