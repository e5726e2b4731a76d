"""Keeps a run going whose process dies of the machine: killed for memory, a server gone, a sandbox broken.

The run goes on in a process of its own, exactly as `archloop resume` does it, since all that was finished is
in its ledger. This module does *not* begin again what its user ended, what is done, or what would end in the
same way once more, as a mistake does.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from types import FrameType

OF_THE_MACHINE = frozenset({1, 5})
"""Exit codes of what the machine may do better the next time: broken machinery, a server that is gone."""

LONGEST_WAIT = 60.0
"""Seconds; the first wait is one second, and each is twice the one before."""

_BY_THE_USER = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


def keep_going(command: Sequence[str], restarts: int, say: Callable[[str], None], wait: float = 1.0) -> int:
    """Run `command` until it ends as it should, and return its exit code, as a shell has it.

    Args:
        command: What goes on with the run.
        restarts: How often it is begun again, at most.
        say: Tells the user why.
        wait: Seconds before the first restart.
    """
    for left in range(restarts, -1, -1):
        code = _run(command)
        signalled = -code if code < 0 else None
        ended = signalled in _BY_THE_USER if signalled else code not in OF_THE_MACHINE
        if ended or not left:
            break
        died = f"was killed by {signal.Signals(signalled).name}" if signalled else f"ended with code {code}"
        say(f"The run's process {died}. It goes on in {wait:g} s ({left} more times at most).")
        time.sleep(wait)
        wait = min(2.0 * wait, LONGEST_WAIT)
    return 128 + signalled if signalled else code


def _run(command: Sequence[str]) -> int:
    """Run one process to its end. Ctrl-C reaches it by itself; SIGTERM to this process is passed on."""
    process = subprocess.Popen(command)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
    }
    try:
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
