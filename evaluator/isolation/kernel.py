"""Calls to the C library and the kernel that Python has no function for, with errors as exceptions.

This module does *not* decide what to call.
"""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_VM = 0x00000100
CLONE_FILES = 0x00000400
CLONE_SIGHAND = 0x00000800
CLONE_THREAD = 0x00010000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def unshare(flags: int) -> None:
    """See unshare(2)."""
    _checked(_libc.unshare(flags), "unshare")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """See mount(2)."""
    arguments = (_text(source), _text(target), _text(kind), ctypes.c_ulong(flags), _text(options))
    _checked(_libc.mount(*arguments), f"mount on {target}")


def unmount(target: str) -> None:
    """Detach a mount and all below it. See umount2(2)."""
    _checked(_libc.umount2(_text(target), MNT_DETACH), f"umount of {target}")


def prctl(option: int, value: int = 0) -> None:
    """See prctl(2)."""
    _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def syscall(number: int, *arguments: object, name: str) -> int:
    """Make a system call that the C library has no function for; integers are passed as 64 bits.

    Raises:
        OSError: It failed; `name` stands in the message.
    """
    passed = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *passed))
    _checked(result, name)
    return result


def capset(header: object, data: object) -> None:
    """See capset(2)."""
    _checked(_libc.capset(header, data), "capset")


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _text(value: str | None) -> bytes | None:
    return None if value is None else os.fsencode(value)
