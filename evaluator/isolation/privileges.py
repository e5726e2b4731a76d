"""No capabilities, and no way to gain any.

This module does *not* change the user: a process of root stays root, without root's powers. Its rights as the
owner of files are what the other barriers take away.
"""

from __future__ import annotations

import contextlib
import ctypes

from evaluator.isolation.kernel import capset, prctl

_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_POSSIBLE_CAPABILITY = 63


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def drop_privileges() -> None:
    """Give up all capabilities for good, and gain none by any later exec."""
    for capability in range(_LAST_POSSIBLE_CAPABILITY + 1):
        # Without the right to do so there is nothing to drop; beyond the last one the kernel says EINVAL.
        with contextlib.suppress(OSError):
            prctl(_PR_CAPBSET_DROP, capability)
    nothing = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; two words of each
    capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), nothing)
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
