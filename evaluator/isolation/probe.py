"""Tries every barrier of isolation by doing: `python -m evaluator.isolation.probe` prints what works as JSON.

Each barrier is put up in a process of its own, which then tries what the barrier must refuse. A process,
because no barrier can be taken down again.

This module does *not* choose (`tiers.choose_tier` does).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evaluator.errors import SandboxError
from evaluator.isolation import bubblewrap, landlock
from evaluator.isolation.namespaces import SCRATCH, enter_namespaces, leave_the_root, mount_scratch
from evaluator.isolation.privileges import drop_privileges
from evaluator.isolation.readable import readable_paths
from evaluator.isolation.syscalls import forbid_syscalls
from evaluator.isolation.tiers import Barrier, BarrierCheck

_SECONDS = 120.0
_SCRATCH_BYTES = 2**16
_checks = TypeAdapter(tuple[BarrierCheck, ...])


def probe() -> tuple[BarrierCheck, ...]:
    """Return what came of trying each barrier on this machine; takes a fraction of a second.

    Raises:
        SandboxError: The probe itself could not be run.
    """
    command = [sys.executable, "-s", "-P", "-B", "-m", __name__]
    try:
        ran = subprocess.run(
            command, capture_output=True, timeout=_SECONDS, env={"PATH": os.defpath}, check=True, cwd="/"
        )
        return _checks.validate_json(ran.stdout)
    except subprocess.CalledProcessError as error:
        raise SandboxError(f"the isolation could not be probed:\n{error.stderr.decode()[-2000:]}") from None
    except (subprocess.TimeoutExpired, ValidationError) as error:
        raise SandboxError(f"the isolation could not be probed: {error}") from None


def main() -> None:
    """Print a JSON array with one check for each barrier."""
    with tempfile.TemporaryDirectory(prefix="archloop-probe-") as home:
        canary = Path(home, "canary")
        canary.write_text("to be seen by nobody")
        checks = [_try(barrier, trial, canary) for barrier, trial in _TRIALS.items()]
    sys.stdout.write(json.dumps([check.model_dump(mode="json") for check in checks]))


class _Escaped(Exception):
    """A barrier let through what it must refuse."""


def _try(barrier: Barrier, trial: Callable[[Path], str], canary: Path) -> BarrierCheck:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            check = BarrierCheck(barrier=barrier, works=True, detail=trial(canary))
        except (OSError, ImportError, RuntimeError, KeyError, _Escaped) as error:
            check = BarrierCheck(barrier=barrier, works=False, detail=str(error) or repr(error))
        os.write(writing, check.model_dump_json().encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read()
    os.waitpid(pid, 0)
    if not said:
        return BarrierCheck(barrier=barrier, works=False, detail="the process that tried it died")
    return BarrierCheck.model_validate_json(said)


def _try_namespaces(canary: Path) -> str:
    enter_namespaces()
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        os._exit(0)
    readable = readable_paths()
    leave_the_root(Path(tempfile.mkdtemp(dir=canary.parent)), readable.trees, readable.listed)
    mount_scratch(_SCRATCH_BYTES)
    _must_fail("a file outside could be read", canary.read_text)
    if os.getpid() != 1 or len(socket.if_nameindex()) > 1:
        raise _Escaped("other processes or networks can be seen")
    _must_fail("the scratch has no limit", lambda: Path(SCRATCH, "x").write_bytes(bytes(2 * _SCRATCH_BYTES)))
    return ""


def _try_landlock(canary: Path) -> str:
    version = landlock.version()
    readable = readable_paths()
    library = canary.with_name("library")
    library.write_text("must survive")
    rules = landlock.Ruleset([*readable.trees, library], readable.listed, [Path(os.devnull)])
    drop_privileges()
    landlock.restrict_self(rules.descriptor)
    _must_fail("a file outside could be read", canary.read_text)
    _must_fail("a file outside could be written", lambda: canary.with_name("other").write_text("x"))
    _must_fail("a library could be emptied", lambda: os.open(library, os.O_RDONLY | os.O_TRUNC))
    library.read_bytes()
    Path(os.__file__).read_bytes()
    return f"version {version}"


def _try_seccomp(_canary: Path) -> str:
    drop_privileges()
    forbid_syscalls()
    _must_fail("a socket could be opened", socket.socket)
    _must_fail("a process could be started", os.fork)
    _must_fail("a signal could be sent", lambda: os.kill(os.getppid(), 0))
    return ""


def _try_bubblewrap(canary: Path) -> str:
    if shutil.which(bubblewrap.PROGRAM) is None:
        raise _Escaped(f"{bubblewrap.PROGRAM} is not installed")
    code = (
        f"import os; assert os.getpid() == 1; assert not os.path.exists({str(canary)!r})\n"
        "for place in ('/', '/dev', '/dev/shm'): assert not os.access(place, os.W_OK), place"
    )
    ran = subprocess.run(
        [*bubblewrap.prefix(_SCRATCH_BYTES), sys.executable, "-I", "-c", code], capture_output=True
    )
    if ran.returncode:
        raise _Escaped(" ".join(ran.stderr.decode(errors="replace").split())[-300:])
    return ""


def _must_fail(what: str, deed: Callable[[], object]) -> None:
    try:
        deed()
    except OSError:
        return
    raise _Escaped(what)


_TRIALS: dict[Barrier, Callable[[Path], str]] = {
    Barrier.NAMESPACES: _try_namespaces,
    Barrier.LANDLOCK: _try_landlock,
    Barrier.SECCOMP: _try_seccomp,
    Barrier.BUBBLEWRAP: _try_bubblewrap,
}

if __name__ == "__main__":
    main()
