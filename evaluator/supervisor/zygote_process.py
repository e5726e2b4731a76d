"""The supervisor's handle on a zygote: start it, hand it jobs, hear what becomes of them, end it.

Start zygotes from a thread that outlives them (`WorkerPool` keeps one): the kernel kills a zygote when the
*thread* that started it dies, so that nothing is left when the supervisor is killed.

This module does *not* interpret what programs say: their channel goes past the zygote.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from pydantic import ValidationError

from evaluator.channel.messages import MESSAGE_BYTES, Fork, Kill, Order, Ready, Report, Start, report_adapter
from evaluator.channel.plan import Plan, targets_offset
from evaluator.errors import SandboxError, ZygoteDied
from evaluator.isolation import bubblewrap
from evaluator.isolation.gpu import device_nodes
from evaluator.isolation.tiers import Tier

_START_SECONDS = 180.0
_STOP_SECONDS = 2.0
_HOME = Path(__file__).resolve().parents[1]


class ZygoteProcess:
    """A zygote, from its start on; wait for `await_ready` before the first job.

    Args:
        plan: What it is to know.
        training_data: Descriptor of the training split, as `training_data_file` makes it.
        scratch: Directory that it works in.
        tier: How its children are contained.
        cores: The processors that it and its children may run on; empty for all.
    """

    def __init__(
        self, plan: Plan, training_data: int, scratch: Path, *, tier: Tier, cores: tuple[int, ...] = ()
    ) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        # Not -I: it would also ignore the hash seed, and with it the order of sets would differ between
        # zygotes. The environment below is made from nothing, so there is no PYTHONPATH to be kept out.
        arguments = [
            sys.executable,
            "-s",
            "-P",
            "-B",
            "-m",
            "evaluator.child.zygote",
            str(theirs.fileno()),
        ]
        if tier is Tier.BUBBLEWRAP:  # which makes it the first process of its namespaces, without a parent
            devices = device_nodes() if plan.config.on_gpu else ()
            arguments = [*bubblewrap.prefix(plan.config.scratch_bytes, devices), *arguments, "0"]
        else:
            arguments.append(str(os.getpid()))
        with theirs:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                pass_fds=[theirs.fileno()],
                cwd=scratch,
                env=_environment(scratch) | _gpu_environment(plan.config.device),
                start_new_session=True,
            )
        self._send(Start(plan=plan, tier=tier, cores=cores), training_data)

    def await_ready(self) -> None:
        """Wait until it is warm.

        Raises:
            SandboxError: It ended instead, or runs other code than this.
        """
        self.control.settimeout(_START_SECONDS)
        try:
            report = self.receive()
        except (ZygoteDied, TimeoutError):
            raise SandboxError(f"a zygote did not start:\n{self._last_words()}") from None
        self.control.settimeout(None)
        if not isinstance(report, Ready) or report.home != str(_HOME):
            raise SandboxError(
                f"the Python environment holds another 'evaluator' than {_HOME}: install archloop into the "
                f"environment of {sys.executable}"
            )

    def fork(self, order: Fork, *, channel: int, output: int) -> None:
        """Have a child forked, with its ends of channel and output."""
        self._send(order, channel, output)

    def kill(self, job: int) -> None:
        """Have job `job` ended; without effect when it has ended already."""
        self._send(Kill(job=job))

    def receive(self) -> Report:
        """Return the next report.

        Raises:
            ZygoteDied: There will be none.
        """
        try:
            data = self.control.recv(MESSAGE_BYTES)
            if data:
                return report_adapter.validate_json(data)
        except (ConnectionError, ValidationError):
            pass
        raise ZygoteDied("a zygote went away")

    def close(self) -> None:
        """End it, and with it the child that it may have."""
        self.control.close()  # to the zygote, the end of all orders: it buries its child and leaves
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._stderr.close()

    def _send(self, order: Order, *descriptors: int) -> None:
        try:
            socket.send_fds(self.control, [order.model_dump_json().encode()], descriptors)
        except ConnectionError:
            raise ZygoteDied("a zygote went away") from None

    def _last_words(self) -> str:
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - 2000))
        return self._stderr.read().decode(errors="replace").strip() or "it left no message"


def training_data_file(inputs: bytes | memoryview, targets: bytes | memoryview) -> int:
    """Return the descriptor of an anonymous file with the training split, which all zygotes share.

    Args:
        inputs: Raw inputs, of the plan's type.
        targets: Raw targets, of the kind's type; they begin at `targets_offset`.
    """
    descriptor = os.memfd_create("training-data")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        for part in (inputs, bytes(targets_offset(len(inputs)) - len(inputs)), targets):
            file.write(part)
    return descriptor


def _environment(scratch: Path) -> dict[str, str]:
    """Return an environment made from nothing: no secrets, no paths, the same on every machine."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return (
        kept
        | single
        | {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "PYTHONHASHSEED": "0",
            # Spinning threads starve their own process on a busy machine.
            "OMP_WAIT_POLICY": "PASSIVE",
            # No CUDA context in a process that forks, no compiler where there may be none.
            "CUDA_VISIBLE_DEVICES": "",
            "TORCHDYNAMO_DISABLE": "1",
        }
    )


def _gpu_environment(device: str) -> dict[str, str]:
    """Return what is different where children start CUDA: they see one GPU, and keep no compiled kernels."""
    if device == "cpu":
        return {}
    number = int(device.partition(":")[2] or 0)
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    named = [] if shown is None else [name.strip() for name in shown.split(",")]
    visible = named[number] if number < len(named) else str(number) if shown is None else ""
    return {
        "CUDA_VISIBLE_DEVICES": visible,
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # as nvidia-smi counts
        "CUDA_CACHE_DISABLE": "1",
        "CUDA_MODULE_LOADING": "LAZY",
    }
