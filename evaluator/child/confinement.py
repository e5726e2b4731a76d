"""What a child does to itself before it sees a program, and how no process outlives its job.

A child gets: no descriptor but its channel and its output, a session of its own, death with its zygote,
limits on processor time, address space, file size, open files, timers and processes, a private working
directory;
last, and for good, the jail. Only then does the source arrive.

What this does *not* do: it does not keep a program from reading files, opening sockets or signalling other
processes. That is the jail's work (`evaluator.isolation`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import tempfile
from collections.abc import Iterable
from pathlib import Path

from evaluator.channel.limits import Limits
from evaluator.isolation.jail import Jail
from evaluator.isolation.kernel import prctl

CHANNEL = 3
"""The descriptor of the result channel in a child."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_MAX_OPEN_FILES = 128
_MAX_PENDING_SIGNALS = 256
_SPARE_TASKS = 1024


def confine(
    limits: Limits,
    jail: Jail,
    *,
    channel: int,
    output: int,
    scratch: str,
    zygote: int,
    tasks: int,
    addresses: bool = True,
) -> None:
    """Confine the calling process, a freshly forked child of `zygote`.

    Args:
        limits: What it may use.
        jail: What the zygote prepared.
        channel: Descriptor of the result channel; it becomes `CHANNEL`.
        output: Descriptor that takes standard output and standard error.
        scratch: The directory to work in.
        zygote: Process id of the zygote.
        tasks: How many processes and threads the user had when the zygote started.
        addresses: Whether memory is limited by address space; if not, the zygote looks at it.
    """
    address_space = _address_space_bytes() + limits.memory_bytes
    ruleset = _keep_descriptors(channel, output, jail.ruleset)
    os.setsid()
    die_with_parent(zygote)
    jail.mount_scratch()
    os.chdir(scratch)
    os.environ.update(HOME=scratch, TMPDIR=scratch, TORCHINDUCTOR_CACHE_DIR=scratch)
    tempfile.tempdir = None  # it may have been looked up before
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    if addresses:
        _limit(resource.RLIMIT_AS, address_space, address_space)
    _limit(resource.RLIMIT_FSIZE, limits.output_bytes, limits.output_bytes)
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES, _MAX_OPEN_FILES)
    # Timers and queued signals of all processes of the user together: without a limit, one program's timers
    # leave none to the others.
    _limit(resource.RLIMIT_SIGPENDING, _MAX_PENDING_SIGNALS, _MAX_PENDING_SIGNALS)
    # The kernel counts all tasks of the user together, and none of root's. So this only bounds a fork bomb
    # until the zygote's watch ends it.
    tasks_allowed = tasks + limits.max_processes + _SPARE_TASKS
    _limit(resource.RLIMIT_NPROC, tasks_allowed, tasks_allowed)
    jail.lock(ruleset)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill the calling process when the thread that started it dies."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)


def adopt_orphans() -> None:
    """Make the calling process the parent of descendants whose own parent died, so that none escapes."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def kill_group(leader: int) -> None:
    """Kill the process group of `leader`, an unreaped child, if there is one yet."""
    for kill in (os.killpg, os.kill):  # the group exists only once the child has called setsid
        try:
            kill(leader, signal.SIGKILL)
        except ProcessLookupError:
            continue


def children(pid: int) -> list[int]:
    """Return the live and unreaped children of all threads of `pid`; empty where /proc does not tell."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        pass
    return found


def descendants(pid: int) -> list[int]:
    """Return the children of `pid`, their children, and so on."""
    found = waiting = children(pid)
    while waiting:
        waiting = [grandchild for child in waiting for grandchild in children(child)]
        found = found + waiting
    return found


def count_tasks() -> int:
    """Return how many processes and threads the user has now."""
    uid, tasks = os.getuid(), 0
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                tasks += sum(1 for _ in (entry / "task").iterdir())
        except OSError:
            continue
    return tasks


def count_threads(pid: int) -> int:
    """Return how many threads process `pid` has, 0 if there is no such process."""
    try:
        return Path(f"/proc/{pid}/task").stat().st_nlink - 2
    except OSError:
        return 0


def resident_bytes(pids: Iterable[int]) -> int:
    """Return how much processes have in memory, in bytes; those that are gone have none."""
    return sum(map(_resident_pages, pids)) * resource.getpagesize()


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):  # it ended meanwhile
        return 0


def _keep_descriptors(channel: int, output: int, ruleset: int | None) -> int | None:
    """Put channel and output in their places, close all else, and return where the ruleset is now."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    low = CHANNEL + 2
    places = {0: nothing, 1: output, 2: output, CHANNEL: channel}
    if ruleset is not None:
        places[CHANNEL + 1] = ruleset
    # Out of the way first: one of them may be where another has to go.
    moved = {target: fcntl.fcntl(source, fcntl.F_DUPFD, low) for target, source in places.items()}
    for target, source in moved.items():
        os.dup2(source, target)
    os.closerange(len(moved), os.sysconf("SC_OPEN_MAX"))
    return None if ruleset is None else CHANNEL + 1


def be_killed_first() -> None:
    """Have the kernel choose this process or its children when memory runs out, and not the supervisor."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _limit(which: int, soft: int, hard: int) -> None:
    """Set a limit, never above the hard limit that is already there."""
    ceiling = resource.getrlimit(which)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    resource.setrlimit(which, (soft, hard))


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
