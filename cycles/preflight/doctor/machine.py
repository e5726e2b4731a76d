"""What the machine offers: processors, memory, GPUs, and the barriers that contain programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from corpus.records.mistakes import Mistake
from cycles.config.run import RunConfig
from cycles.figures.quantities import byte_size, counted
from cycles.machine.devices import check_devices, used_devices
from cycles.preflight.doctor.finding import Finding, fault, ok, warn
from cycles.preflight.dry_run import dry_run
from evaluator.errors import NoIsolationError, SandboxError
from evaluator.isolation.probe import probe
from evaluator.isolation.tiers import COSTS, REMEDIES, Tier, choose_tier, describe
from generator.models.places import ModelNotFoundError

_CGROUP = Path("/sys/fs/cgroup")
_BASE_BYTES = 2 * 2**30
"""What the generator's embedded model, a fine-tuning of it and the warm processes take together."""


def processors(config: RunConfig) -> Finding:
    """Count the processors that this process may use, and how busy they are."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    busy = os.getloadavg()[0]
    at_a_time = min(usable, config.evaluator.workers)
    says = f"{usable} usable; {counted(at_a_time, 'program')} judged at a time"
    if busy > usable:
        says += f"; other work keeps {busy:.0f} busy"
        return warn("Processors", says, "expect slower runs, or wait until the other work is done")
    return ok("Processors", says)


def memory(config: RunConfig) -> Finding:
    """Compare the memory that is free with what a run may take."""
    free = _free_memory()
    if free is None:
        return warn("Memory", "this system does not say how much is free", "have 4 GiB free")
    programs = config.evaluator.workers * config.evaluator.memory_bytes
    says = f"{byte_size(free)} free"
    if free < _BASE_BYTES:
        return warn("Memory", f"{says}, and a run needs about {byte_size(_BASE_BYTES)}", "free some memory")
    if free < _BASE_BYTES + programs:
        says += f"; {counted(config.evaluator.workers, 'program')} may use {byte_size(programs)} in all"
        return warn("Memory", says, "--set evaluator.workers=1, or lower evaluator.memory_bytes")
    return ok("Memory", says)


def accelerators() -> Iterator[Finding]:
    """Name every GPU that torch can use, with its memory."""
    try:
        import torch
    except (ImportError, OSError):  # `installation.torch_build` has said so
        return
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(index)
        says = f"{torch.cuda.get_device_name(index)}, {byte_size(free)} of {byte_size(total)} free"
        if free < total / 2:
            yield warn(f"GPU {index}", says, "another process holds it: see nvidia-smi")
        else:
            yield ok(f"GPU {index}", says)


def room_for_models(config: RunConfig) -> Iterator[Finding]:
    """Compare what generator and trainer will need with the GPUs that they are meant for, if any."""
    if not any(device.startswith("cuda") for device in used_devices(config).values()):
        return
    try:
        check_devices(config)
        plan = dry_run(config).memory
    except ModelNotFoundError:  # `inputs.model` says so
        return
    except Mistake as error:
        yield fault("GPU", str(error), "another preset (archloop config presets), or another machine")
        return
    for load in plan.devices if plan else ():
        says = f"the models need {byte_size(load.needed_bytes)} of {load.device}"
        if load.capacity_bytes is not None and load.needed_bytes > load.capacity_bytes:
            says += f", which has {byte_size(load.capacity_bytes)}"
            yield fault("GPU memory", says, "see archloop run --dry-run, and docs/gpu.md")
        else:
            yield ok("GPU memory", says)


def sandbox(config: RunConfig) -> Iterator[Finding]:
    """Try every barrier of isolation, and say what a missing one costs."""
    if not sys.platform.startswith("linux"):
        fix = "use Linux, a virtual machine or a container; Windows: WSL 2"
        yield fault("Sandbox", "programs can only be run on Linux", fix)
        return
    try:
        checks = probe()
        tier = choose_tier(config.evaluator.isolation, checks)
    except NoIsolationError as error:
        yield fault("Sandbox", str(error).splitlines()[0].rstrip(":"), "one of the remedies below")
    except SandboxError as error:
        yield fault("Sandbox", str(error).splitlines()[0], "report it, with all that archloop run says")
        return
    else:
        says = f"{tier}: {describe(tier, checks).partition(';')[0]}"
        if tier is Tier.UNSAFE:
            yield warn(
                "Sandbox", says, "for programs that you trust alone; else set evaluator.isolation to auto"
            )
            return
        yield ok("Sandbox", says)
    for each in checks:
        if not each.works and each.barrier in Tier.FULL.barriers:
            reason = f" ({each.detail})" if each.detail else ""
            yield warn(
                "Sandbox", f"without {each.barrier}{reason}: {COSTS[each.barrier]}", REMEDIES[each.barrier]
            )


def _free_memory() -> int | None:
    """Return the bytes of memory that this process may still take, by the kernel and the container."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    free = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="utf-8").strip()
        used = int((_CGROUP / "memory.current").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return free
    if limit == "max" or free is None:
        return free
    return min(free, max(0, int(limit) - used))
