"""Python, the packages against the pins, and torch's build.

The pins are those in the metadata of the installed distribution, not a second list. This module does *not*
install anything.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from cycles.config.run import RunConfig
from cycles.machine.devices import used_devices
from cycles.preflight.doctor.finding import Finding, fault, ok, warn

DISTRIBUTION = "archloop"
_REINSTALL = "bash scripts/setup in the checkout, or: python -m pip install"
_NVIDIA = Path("/proc/driver/nvidia/gpus")


def python_version() -> Finding:
    """Compare this interpreter with what the distribution asks for."""
    found = sys.version.split()[0]
    try:
        wanted = metadata.metadata(DISTRIBUTION)["Requires-Python"] or ""
    except metadata.PackageNotFoundError:
        wanted = ""
    if SpecifierSet(wanted).contains(found, prereleases=True):
        return ok("Python", f"{found} at {sys.executable}")
    return fault("Python", f"{found}, but {wanted} is needed", "PYTHON=/path/to/python bash scripts/setup")


def packages(distribution: str = DISTRIBUTION) -> Iterator[Finding]:
    """Compare the installed packages with the pins of `distribution`, those of its extras included."""
    try:
        requirements = [Requirement(line) for line in metadata.requires(distribution) or []]
        extras = metadata.metadata(distribution).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        yield fault("Packages", f"{distribution} itself is not installed", "bash scripts/setup")
        return
    needed = [each for each in requirements if _applies(each, "")]
    wrong = [each for each in needed if not _met(each)]
    for each in wrong:
        yield fault("Packages", _deviation(each), f"{_REINSTALL} '{each.name}{each.specifier}'")
    if not wrong:
        yield ok("Packages", f"all {len(needed)} there, each in the version that archloop was tested with")
    yield from _extras(requirements, extras)


def _extras(requirements: list[Requirement], extras: list[str]) -> Iterator[Finding]:
    installed: list[str] = []
    absent: list[str] = []
    for extra in sorted(extras):
        belonging = [each for each in requirements if not _applies(each, "") and _applies(each, extra)]
        for each in belonging:
            if _version(each) is not None and not _met(each):
                fix = f"{_REINSTALL} '{each.name}{each.specifier}'"
                yield warn(f"Extra {extra}", _deviation(each), fix)
        (absent if any(_version(each) is None for each in belonging) else installed).append(extra)
    says = f"installed: {', '.join(installed) or 'none'}; not installed: {', '.join(absent) or 'none'}"
    yield ok("Extras", says)


def torchvision(distribution: str = DISTRIBUTION) -> Finding:
    """Say what becomes of programs that import torchvision, and how they could run."""
    try:
        lines = metadata.requires(distribution) or []
    except metadata.PackageNotFoundError:
        lines = []
    wanted = next((each for each in map(Requirement, lines) if each.name == "torchvision"), None)
    if _version(Requirement("torchvision")) is not None:
        return ok("torchvision", "installed: programs may import it")
    pin = f"{wanted.name}{wanted.specifier}" if wanted is not None else "torchvision"
    return ok(
        "torchvision",
        "not installed: a program that imports it ends MISSING_DEPENDENCY. To let it run on the processor: "
        f"python -m pip install '{pin}', from the index that torch came from",
    )


def torch_build(config: RunConfig) -> Finding:
    """Import torch, and compare what it was built for with what the configuration asks for."""
    wanted = [key for key, device in used_devices(config).items() if device.startswith("cuda")]
    to_cpu = " ".join(f"--set {key}=cpu" for key in wanted)
    build = "install a CUDA build of torch (pytorch.org, Get Started)"
    try:
        import torch
    except (ImportError, OSError) as error:
        return fault("torch", f"it cannot be imported: {error}", "bash scripts/setup")
    says = f"{torch.__version__}, built for " + (
        f"CUDA {torch.version.cuda}" if torch.version.cuda else "processors only"
    )
    if torch.cuda.is_available():
        return ok("torch", says)
    if wanted:
        says += f"; no GPU can be used, but {' and '.join(wanted)} ask for one"
        remedy = "check the NVIDIA driver with nvidia-smi" if torch.version.cuda else build
        return fault("torch", says, f"{remedy}, or run on the processor: {to_cpu}")
    if _NVIDIA.is_dir() and any(_NVIDIA.iterdir()):
        return warn("torch", f"{says}; this machine has an NVIDIA GPU that it cannot use", build)
    return ok("torch", says)


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _version(requirement: Requirement) -> str | None:
    try:
        return metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return None


def _met(requirement: Requirement) -> bool:
    version = _version(requirement)
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def _deviation(requirement: Requirement) -> str:
    version = _version(requirement)
    wanted = f"{requirement.name}{requirement.specifier}"
    if version is None:
        return f"{requirement.name} is missing; archloop needs {wanted}"
    return f"{requirement.name} is {version}; archloop was tested with {wanted}"
