"""Asks Linux for the tile registers (AMX) that the CPU build of vLLM uses, in each process of vLLM.

Linux lets a process use them only once it has asked; vLLM 0.32.0 does not ask, and is killed by SIGILL in its
first forward pass on a processor that has them, unless something else asked before. A general plugin of vLLM:
every process of an engine loads it before its model. This module does *not* import anything but the standard
library, and does nothing where there are no such registers.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import warnings

_ARCH_PRCTL = 158
_ARCH_GET_XCOMP_SUPP, _ARCH_REQ_XCOMP_PERM = 0x1021, 0x1023
_TILE_DATA = 18
"""Numbers of x86-64 Linux: Documentation/arch/x86/xstate.rst."""


def request() -> bool:
    """Ask for the tile registers; return whether this process may use them."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    supported = ctypes.c_uint64()
    known = syscall(_ARCH_PRCTL, _ARCH_GET_XCOMP_SUPP, ctypes.byref(supported)) == 0  # since Linux 5.16
    if not known or not supported.value >> _TILE_DATA & 1:
        return False
    if syscall(_ARCH_PRCTL, _ARCH_REQ_XCOMP_PERM, ctypes.c_ulong(_TILE_DATA)) == 0:
        return True
    reason = os.strerror(ctypes.get_errno())
    warnings.warn(
        f"Linux does not grant the tile registers that vLLM is about to use: {reason}", stacklevel=1
    )
    return False
