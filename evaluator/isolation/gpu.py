"""What a jail has to let through for CUDA: device nodes, places to read, and the calls that control a device.

The numbers of the calls are in NVIDIA's open kernel modules: those of `nvidia*` have the type 'F'
(`nv-ioctl-numbers.h`), those of `nvidia-uvm` are plain small numbers (`uvm_ioctl.h`) and two large ones
(`uvm_linux_ioctl.h`). Seccomp cannot see which device a call goes to; a program can open no others than
these.

What the driver does with what it is told is beyond every barrier here: a fault in it is one in the kernel.
This module does *not* start CUDA.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path

DRIVER = "libcuda.so.1"
"""The driver's library, which torch loads when CUDA starts; by then only what a jail grants can be found."""

READABLE = ("/proc/driver/nvidia", "/proc/devices", "/sys/devices/system/node")
"""What the driver reads at its start, as far as it is known."""

CONTROL_TYPE = ord("F")
UVM_CONTROLS = (0x30000001, 0x30000002)
UVM_HIGHEST = 0xFF
"""Highest of the plain numbers of `nvidia-uvm`; its tests, which are off by default, begin at 200."""

_NODES = ("nvidia[0-9]*", "nvidiactl", "nvidia-uvm")


def device_nodes(devices: Path = Path("/dev")) -> tuple[Path, ...]:
    """Return the device nodes that CUDA opens, those that are there."""
    return tuple(sorted(node for pattern in _NODES for node in devices.glob(pattern)))


def load_driver() -> None:
    """Load the driver's library into this process without starting it, so that its place is known."""
    with suppress(OSError):  # where there is none, the start of the device says so
        ctypes.CDLL(DRIVER)
