"""Joins a Ray cluster, or starts one on this machine, for as long as a block runs.

Ray reports nothing to its makers and starts no dashboard. A cluster of our own listens on this machine alone,
under a token that is drawn for it. This module does *not* start anything on another machine
(`scripts/slurm_ray` does) or know what is done on a cluster.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cycles.config.scale import ScaleConfig
from cycles.errors import UsageError

_REACH_SECONDS = 10.0
"""Longest wait for a cluster's port: our choice. Ray itself would wait without an end."""

_OBJECT_BYTES = 100 * 2**20
"""Memory for what is passed around in a cluster of ours, our choice: programs and their evaluations."""


def check_ray(config: ScaleConfig) -> None:
    """Check that Ray is installed where it is asked for.

    Raises:
        UsageError: It is not.
    """
    if config.engine == "ray" and importlib.util.find_spec("ray") is None:
        raise UsageError(
            "scale.engine is 'ray', and Ray is not installed: pip install 'archloop[ray]' here and on every "
            "machine of the cluster, or leave scale.engine out to judge on this machine alone"
        )


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Be part of the cluster at `address` while the block runs; see `ScaleConfig.address`.

    Raises:
        UsageError: No cluster answers there.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS", address)
    elif address == "local" and "RAY_AUTH_MODE" not in os.environ:
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    if address not in ("local", "auto"):
        _require_reachable(address)
    import ray

    own = (
        {"object_store_memory": _OBJECT_BYTES, "_node_ip_address": "127.0.0.1"} if address == "local" else {}
    )
    with _handlers_kept():
        try:
            ray.init(
                address=address, include_dashboard=False, log_to_driver=False, configure_logging=False, **own
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise UsageError(_unreachable(address, str(error))) from error
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Put back what answers to SIGTERM: Ray takes it for itself, and a run stops by it after a step."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _require_reachable(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(_unreachable(address, str(error))) from error


def _unreachable(address: str, why: str) -> str:
    return (
        f"scale.address: no Ray cluster answers at '{address}' ({why.strip().rstrip('.')}). Start one "
        "(ray start --head, or scripts/slurm_ray), or set scale.address to 'local'"
    )
