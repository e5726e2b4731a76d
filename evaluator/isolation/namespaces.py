"""A view of the system with nothing in it that a program has no business with.

In two steps, because Python's packages are loaded between them: `enter_namespaces` at the very start, while
there is one thread, and `leave_the_root` once everything is loaded. Afterwards the process and its children
see: an empty root with the readable files mounted read-only, a /proc with processes alone, no network device,
no other process. Each child then calls `mount_scratch`, which gives it a scratch directory of limited size
that nobody else sees and that is gone with its process.

This module does *not* work where the kernel or a container's profile forbids it; `evaluator.isolation.probe`
finds out.
"""

from __future__ import annotations

import errno
import os
import platform
from collections.abc import Iterable
from pathlib import Path

from evaluator.isolation import kernel
from evaluator.isolation.kernel import mount, syscall, unmount, unshare

SCRATCH = Path("/scratch/program")
"""Where programs may write, after `mount_scratch`. Landlock's right to write is on the directory above: what
is mounted later has no rule of its own."""

_SPACES = (
    kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
)
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_FILES = 1024
_NOTHING_SPECIAL = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
_LOCKED_FLAGS = (
    (os.ST_NOSUID, kernel.MS_NOSUID),
    (os.ST_NODEV, kernel.MS_NODEV),
    (os.ST_NOEXEC, kernel.MS_NOEXEC),
)


def enter_namespaces() -> None:
    """Put the calling process into new namespaces; the next child that it forks is the first process in them.

    Raises:
        OSError: The kernel refused.
    """
    try:
        unshare(_SPACES)
    except PermissionError:
        uid, gid = os.getuid(), os.getgid()
        unshare(_SPACES | kernel.CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)


def leave_the_root(
    root: Path, trees: Iterable[Path], directories: Iterable[Path], *, whole_proc: bool = False
) -> None:
    """Make an empty root on `root`, mount `trees` into it read-only, and let go of the old root.

    Args:
        root: An existing directory of the old root.
        trees: Files and directories to mount at the same place.
        directories: Directories to make at the same place, empty but for the trees in them.
        whole_proc: Whether /proc tells of the machine too, as the driver of a GPU asks it to.

    Raises:
        OSError: The kernel refused.
    """
    mount("tmpfs", str(root), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=755")
    for path in directories:
        _inside(root, path).mkdir(parents=True, exist_ok=True)
    for path in trees:
        if path.parts[1] != "proc":
            _bind(path, _inside(root, path))
    _inside(root, SCRATCH).mkdir(parents=True)
    _mount_proc(_inside(root, Path("/proc")), "" if whole_proc else "subset=pid")
    old = _inside(root, Path("/old"))
    old.mkdir()
    pivot_root = _PIVOT_ROOT[platform.machine()]
    syscall(pivot_root, os.fsencode(root), os.fsencode(old), name="pivot_root")
    os.chdir("/")
    unmount("/old")
    Path("/old").rmdir()
    flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
    mount(None, "/", None, flags)


def mount_scratch(scratch_bytes: int) -> None:
    """Give the calling process a `SCRATCH` of its own: empty, seen by nobody else, gone when it ends.

    Args:
        scratch_bytes: Its size.

    Raises:
        OSError: The kernel refused.
    """
    unshare(kernel.CLONE_NEWNS)
    options = f"size={scratch_bytes},nr_inodes={_FILES},mode=700"
    mount("tmpfs", str(SCRATCH), "tmpfs", _NOTHING_SPECIAL, options)


def _mount_proc(place: Path, options: str) -> None:
    """Mount /proc read-only: whoever may write there sets what the kernel does, a program of root included.

    With `subset=pid`, of the rest of /proc, which tells of the machine and of all that runs on it, nothing is
    there; kernels before 5.8 do not know how to leave it out.
    """
    place.mkdir(exist_ok=True)
    flags = _NOTHING_SPECIAL | kernel.MS_RDONLY
    try:
        mount("proc", str(place), "proc", flags, options)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        mount("proc", str(place), "proc", flags)


def _inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _bind(source: Path, target: Path) -> None:
    """Mount `source`, followed to where its links lead, read-only on `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    mount(str(source), str(target), None, kernel.MS_BIND | kernel.MS_REC)
    flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_NOSUID
    if not source.is_char_device():
        flags |= kernel.MS_RDONLY
    here = os.statvfs(target).f_flag  # a mount's flags may be locked: they have to be asked for again
    for flag, same in _LOCKED_FLAGS:
        if here & flag:
            flags |= same
    mount(None, str(target), None, flags)
