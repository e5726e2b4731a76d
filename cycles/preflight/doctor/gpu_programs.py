"""Programs by which `archloop doctor --gpu` sees what a sandbox with a GPU contains.

One is honest. One of the others raises an error with `ESCAPED` in it where its deed was done; where that was
refused it goes on as the honest one. This module does *not* run them.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent

ESCAPED = "ESCAPED"
"""What the error of a program says whose deed was done."""

_PROGRAM = """\
import errno, fcntl, os, socket, threading, time

import torch
from torch import nn


def supported_hyperparameters():
    return {{"lr", "momentum"}}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
        self.body = nn.Sequential(nn.Conv2d(in_shape[1], 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4))
        self.head = nn.Linear(8 * 16, out_shape[0])
        try:
{deed}
        except (OSError, ImportError):
            pass
        else:
            {then}

    def forward(self, x):
        return self.head(self.body(x).flatten(1))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            inputs, labels = inputs.to(self.device), labels.to(self.device)
            self.optimizer.zero_grad()
            self.criteria(self(inputs), labels).backward()
            self.optimizer.step()
"""

_PATTERN = 0x5A
_PATTERN_BYTES = 2**26


def _program(deed: str, then: str) -> str:
    return _PROGRAM.format(deed=indent(deed, " " * 12), then=then)


def _trying(deed: str) -> str:
    return _program(deed, f'raise SystemError("{ESCAPED}")')


def honest() -> str:
    """Return a small network that keeps the contract and learns."""
    return _program("pass", "pass")


def breaking_out(secret: str, devices: Sequence[str]) -> dict[str, str]:
    """Return programs that try to get out of the sandbox, by what they try.

    Args:
        secret: A file of the user's.
        devices: The device nodes of this machine that no program has any business with.
    """
    others = f"""\
for name in {list(devices)!r}:
    try:
        os.close(os.open(name, os.O_RDWR))
        break
    except OSError:
        continue
else:
    raise OSError("all refused")
"""
    control = """\
try:
    fcntl.ioctl(os.open("/dev/null", os.O_RDWR), 0x5412, b"x")
except OSError as error:
    if error.errno == errno.EPERM:
        raise
"""
    return {
        "read a file of the user's": _trying(f"open({secret!r}).read()"),
        "open a socket": _trying("socket.socket()"),
        "start a process": _trying("if os.fork() == 0:\n    os._exit(0)"),
        "open another device": _trying(others),
        "control a device that is no GPU": _trying(control),
    }


def leaving_and_looking() -> tuple[str, str]:
    """Return a program that fills memory of its device with a pattern, and one that looks for it."""
    memory = f"torch.empty({_PATTERN_BYTES}, dtype=torch.uint8, device=device)"
    leave = _program(f"self.left = {memory}.fill_({_PATTERN})", "pass")
    look = f"""\
found = int(({memory} == {_PATTERN}).sum())
if found < {_PATTERN_BYTES // 2}:
    raise OSError("nothing of another's is there")
"""
    return leave, _trying(look)


def taking_too_much(memory_bytes: int, gpu_memory_bytes: int | None) -> dict[str, tuple[str, str]]:
    """Return programs that take more than they may, by what they take, with the status that is to be theirs.

    Args:
        memory_bytes: The limit on memory.
        gpu_memory_bytes: The limit on memory of a GPU, None without one.
    """
    held = f"self.held = bytearray({2 * memory_bytes})\nself.held[::4096] = bytes(len(self.held[::4096]))\n"
    programs = {
        "memory": (_program(f"{held}time.sleep(2)", "pass"), "OUT_OF_MEMORY"),
        "time": (
            _program("x = torch.ones(64, 64, device=device)\nwhile True:\n    x = x @ x", "pass"),
            "TIMEOUT",
        ),
        "threads": (
            _program(
                "threading.stack_size(2**16)\n"
                "for _ in range(300):\n"
                "    threading.Thread(target=time.sleep, args=(9,)).start()",
                "pass",
            ),
            "FORBIDDEN",
        ),
    }
    if gpu_memory_bytes is not None:
        taken = f"self.held = torch.empty({2 * gpu_memory_bytes}, dtype=torch.uint8, device=device)"
        programs["memory of the GPU"] = (_program(taken, "pass"), "OUT_OF_MEMORY")
    return programs
