"""The files that a program may read: Python's library, the C library, and what networks are written with.

Packages are named one by one, because others hold data: scikit-learn ships the very labels that programs are
measured on, and a project installed for development has its runs beside its code.

This module does *not* grant or refuse anything.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = (
    *("torch", "torchgen", "functorch", "torchvision", "torchaudio", "timm", "einops", "triton"),
    *("numpy", "scipy", "sympy", "mpmath", "networkx", "PIL", "opt_einsum", "nvidia", "cuda"),
    *("typing_extensions.py", "tqdm", "packaging", "filelock", "fsspec", "jinja2", "markupsafe", "yaml"),
)
"""Packages and modules of `site-packages` that a program may import, where they are installed."""

SITE_DIRECTORIES = ("site-packages", "dist-packages")
"""What directories of packages are called, one of which may lie inside the standard library."""
_SYSTEM = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/usr/lib/locale",
    "/sys/devices/system/cpu",
)
_PROC = ("/proc/cpuinfo", "/proc/meminfo")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
"""Devices that a program may use; only the first can be written to."""


@dataclass(frozen=True)
class Readable:
    """What a program may read.

    Attributes:
        trees: Directories with all that is below them, and files.
        listed: Directories of which only the names may be read, so that Python finds the packages in them.
    """

    trees: tuple[Path, ...]
    listed: tuple[Path, ...]


def readable_paths() -> Readable:
    """Return what a program may read on this machine; only what exists, symbolic links left as they are."""
    standard = _standard_library()
    sites = _places_of_packages(standard)
    trees = [*_entries_but_sites(standard), *_shared_libraries()]
    for directory in sites:
        trees += _packages(directory)
    trees += [Path(each) for each in (*_SYSTEM, *_PROC, *DEVICES)]
    found = tuple(path for path in dict.fromkeys(trees) if path.exists())
    return Readable(found, tuple(path for path in (standard, *sites) if path.is_dir()))


def _standard_library() -> Path:
    return Path(sysconfig.get_path("stdlib"))


def _entries_but_sites(standard: Path) -> Iterator[Path]:
    for entry in sorted(standard.iterdir()):
        if entry.name not in SITE_DIRECTORIES:
            yield entry


def _places_of_packages(standard: Path) -> list[Path]:
    """Return the directories on the import path that hold a package that a program may import."""
    places = [Path(each) for each in dict.fromkeys(sys.path) if each]
    return [
        place for place in places if place != standard and any((place / name).exists() for name in PACKAGES)
    ]


def _packages(directory: Path) -> Iterator[Path]:
    """Yield the allowed packages in a directory, with the libraries and metadata that wheels put beside."""
    for name in PACKAGES:
        yield directory / name
    yield from _libraries_beside(directory)
    yield from sorted(directory.glob("*.dist-info"))


def _libraries_beside(directory: Path) -> Iterator[Path]:
    """Yield the `NAME.libs` that hold the shared libraries of an allowed package.

    They are called after the distribution, which need not be called as its package is (`pillow` and `PIL`),
    so the distribution's list of files is asked.
    """
    for libraries in sorted(directory.glob("*.libs")):
        for record in directory.glob(f"{libraries.stem}-*.dist-info/RECORD"):
            lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
            if not {line.partition(",")[0].partition("/")[0] for line in lines}.isdisjoint(PACKAGES):
                yield libraries


def _shared_libraries() -> Iterator[Path]:
    """Yield the directories of the shared libraries in use, or the libraries alone where more is in there."""
    own = (Path(sys.prefix), Path(sys.base_prefix))
    directories: dict[Path, None] = {}
    for line in Path("/proc/self/maps").read_text().splitlines():
        path = Path(line.split(maxsplit=5)[-1])
        if ".so" in path.name and path.is_absolute():
            directories[path.parent] = None
    for directory in directories:
        if any(part in SITE_DIRECTORIES for part in directory.parts):
            continue  # the packages above, entry by entry
        mixed = any(directory.glob("python*")) or any(directory in (each, each / "lib") for each in own)
        if mixed:
            yield from sorted(directory.glob("*.so*"))
        else:
            yield directory
            # The loader looks under the name that it was configured with, often a link's.
            unmerged = Path("/", *directory.parts[2:])
            if directory.parts[:2] == ("/", "usr"):
                yield unmerged
    yield from sorted(Path("/lib64").glob("ld-linux*"))
