"""Runs one command in a process group of its own, and ends the whole group when its parent is gone.

    python -I vllm_watchdog.py PARENT_PID COMMAND [ARGUMENT ...]

A vLLM server is several processes, and killing the first leaves the others running with the memory. So the
driver starts this script, and this script the server. It watches two things: its parent, whose death in any
form (also kill -9) ends the group; and the server, whose death ends what is left of the group. SIGTERM ends
the group too. Ending means SIGTERM, a while of grace, then SIGKILL. It exits as the server did.

It runs alone, on the standard library, under any interpreter: it does *not* import anything of ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from types import FrameType

_POLL_SECONDS = 0.2
_GRACE_SECONDS = 10.0
_REAP_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main(parent: int, command: list[str]) -> int:
    """Run `command` until it, the process `parent` or this one is told to end; return its exit status."""
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    # Orphans of the server come to us, so that none lives on unseen.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    # Linux tells the server of this process' own death; it then ends its other processes itself.
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),
    )
    while server.poll() is None and not stopping and os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    _end(server)
    return server.returncode if server.returncode >= 0 else 128 - server.returncode


def _end(server: subprocess.Popen[bytes]) -> None:
    """Leave nothing of the server's group behind."""
    if server.poll() is None:
        _signal_group(server.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
    _signal_group(server.pid, signal.SIGKILL)
    server.wait()
    _reap()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # the group is empty: everything has ended
        os.killpg(group, number)


def _reap() -> None:
    """Collect the orphans that came to us, so that none is left as a zombie."""
    deadline = time.monotonic() + _REAP_SECONDS
    try:
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.02)
    except ChildProcessError:
        pass  # none is left


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
