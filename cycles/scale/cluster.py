"""Joins a Ray cluster, or starts one on this machine, for as long as a block runs.

Ray reports nothing to its makers and starts no dashboard. A cluster of our own listens on this machine alone,
under a token that is drawn for it. This module does *not* start anything on another machine
(`scripts/slurm_ray` does) or know what is done on a cluster.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cycles.config.run import RunConfig
from cycles.errors import UsageError

logger = logging.getLogger(__name__)

_REACH_SECONDS = 10.0
"""Longest wait for a cluster's port: our choice. Ray itself would wait without an end."""

_OBJECT_BYTES = 100 * 2**20
"""Memory for what is passed around in a cluster of ours, our choice: programs and their evaluations."""


def check_ray(config: RunConfig) -> None:
    """Check that Ray is installed where it is asked for, and that there is something to spread.

    Raises:
        UsageError: It is not, or a table or a supernet answers in place of trainings.
    """
    if config.scale.engine != "ray":
        return
    if importlib.util.find_spec("ray") is None:
        raise UsageError(
            "scale.engine is 'ray', and Ray is not installed: pip install -e '.[ray]' in the checkout, here "
            "and on every machine of the cluster, or leave scale.engine out to judge on this machine alone"
        )
    if config.evaluator.table is not None or config.evaluator.supernet:
        raise UsageError(
            "scale.engine 'ray' spreads trainings, and evaluator.table or evaluator.supernet answers in "
            "place of them: leave scale.engine out"
        )


@contextmanager
def joined(address: str) -> Iterator[None]:
    """Be part of the cluster at `address` while the block runs; see `ScaleConfig.address`.

    Raises:
        UsageError: No cluster answers there.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address == "local":
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # or Ray puts one into the home folder
    address = _meant(address)
    require_reachable(address)
    import ray

    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)  # it warns of having a token
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
        with _words_logged():
            yield
    finally:
        ray.shutdown()


@contextmanager
def _words_logged() -> Iterator[None]:
    """Send to the log what Ray says of nodes and processes that die: on standard output stand results.

    Ray has no setting for it, so its own function is replaced; `ray==2.60.*` is pinned for that.
    """
    from ray._private import worker

    printing = worker.print_to_stdstream
    worker.print_to_stdstream = lambda data, **_: logger.info("%s", "\n".join(map(str, data["lines"])))
    try:
        yield
    finally:
        worker.print_to_stdstream = printing


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Put back what answers to SIGTERM: Ray takes it for itself, and a run stops by it after a step."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def require_reachable(address: str) -> None:
    """Check that something answers where a cluster is said to be.

    Raises:
        UsageError: Nothing does; never for `local`, or for an `auto` that Ray has to look for.
    """
    address = _meant(address)
    if address in ("local", "auto"):
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(_unreachable(address, str(error))) from error


def _meant(address: str) -> str:
    """Return the address that `auto` stands for where RAY_ADDRESS names one; any other as it is."""
    return os.environ.get("RAY_ADDRESS", address) if address == "auto" else address


def _unreachable(address: str, why: str) -> str:
    last = why.strip().splitlines()[-1].rstrip(".") if why.strip() else "it does not say why"
    return (
        f"scale.address: no Ray cluster answers at '{address}' ({last}). Start one "
        "(ray start --head, or scripts/slurm_ray), or set scale.address to 'local'"
    )
