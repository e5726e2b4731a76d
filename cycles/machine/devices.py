"""The GPUs of this machine, as the driver's own `nvidia-smi` lists them, and whether a run has what it needs.

Asking torch would start CUDA in this process and hold half a gigabyte of the very memory in question. This
module does *not* import torch, but for the checks of a run that trains on a GPU.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from cycles.config.run import RunConfig
from cycles.errors import UsageError

_QUERY = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader,nounits"]


@dataclass(frozen=True)
class Gpu:
    """One GPU: its name, its memory in bytes, and the version of its driver."""

    name: str
    memory_bytes: int
    driver: str = ""


def detected_gpus() -> list[Gpu]:
    """Return the GPUs that CUDA would show this process, in the driver's order; none without a driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        answer = subprocess.run([program, *_QUERY], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    rows = ([part.strip() for part in line.rsplit(",", 2)] for line in answer.stdout.splitlines())
    gpus = [Gpu(row[0], int(row[2]) << 20, row[1]) for row in rows if len(row) == 3 and row[2].isdigit()]
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    numbers = [name.strip() for name in shown.split(",") if name.strip()] if shown is not None else None
    if numbers is None or not all(name.isdigit() and int(name) < len(gpus) for name in numbers):
        return gpus  # all are in sight, or they are named in another way than by number
    return [gpus[int(name)] for name in numbers]


def used_devices(config: RunConfig) -> dict[str, str]:
    """Return the settings that name a device which a run uses, with their values."""
    devices = {}
    if config.strategy.asks_model and config.generator.weights_here:
        devices["generator.device"] = config.generator.device
    if config.learns:
        devices["finetune.device"] = config.finetune.device
    if config.evaluator.on_gpu:
        devices["evaluator.device"] = config.evaluator.device
    return devices


def check_gpu(key: str, device: str, gpus: Sequence[Gpu]) -> None:
    """Check that a GPU is there.

    Args:
        key: The setting that asks for it.
        device: `cuda`, or with a number `cuda:1`.
        gpus: Those that the driver knows of.

    Raises:
        UsageError: The driver knows of none, or of too few.
    """
    if not gpus:
        raise UsageError(
            f"{key} is '{device}', but nvidia-smi finds no GPU here. Run this preset on a machine with "
            "one (see docs/gpu.md), or the embedded model on the CPU: archloop run --preset cpu-tiny"
        )
    if int(device.partition(":")[2] or 0) >= len(gpus):
        raise UsageError(f"{key} is '{device}', but there are {len(gpus)} GPUs. Name one of them.")


def check_devices(config: RunConfig) -> None:
    """Check that the devices of a run are there, before anything is made.

    Raises:
        UsageError: A GPU is asked for, and the driver knows of none, or of too few.
        FinetuneError: Torch cannot train there as configured; the message has the remedy.
    """
    wanted = {key: device for key, device in used_devices(config).items() if device.startswith("cuda")}
    gpus = detected_gpus() if wanted else []
    for key, device in wanted.items():
        check_gpu(key, device, gpus)
    if config.learns and (config.finetune.device != "cpu" or config.finetune.quantization != "none"):
        from finetune.base_model import check_ready

        check_ready(config.finetune)
