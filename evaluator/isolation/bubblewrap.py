"""Namespaces by the program `bwrap`, for systems that let it make them and not us.

The zygote is started under it, so, unlike with namespaces of our own, everything that the zygote needs to
start must be visible: whole package directories, with an empty directory over each package that holds data.
All that `bwrap` makes to mount on can be written to at first, so it is made read-only: only the scratch may
take what a program leaves, as only that is emptied.

This module does *not* start anything; it makes the words that go before a command.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from evaluator.isolation.namespaces import SCRATCH
from evaluator.isolation.readable import SITE_DIRECTORIES, readable_paths

PROGRAM = "bwrap"
_WITH_DATA = ("sklearn", "datasets", "tensorflow_datasets", "huggingface_hub")
_OURS = ("evaluator", "corpus")
_LOADER_CACHE_READER = Path("/sbin/ldconfig")
_PROJECT = Path(__file__).resolve().parents[2]


def prefix(scratch_bytes: int, devices: Sequence[Path] = ()) -> list[str]:
    """Return the command that runs what follows it in namespaces, as their first process.

    Args:
        scratch_bytes: Size of the scratch directory.
        devices: Device nodes that programs may use.
    """
    readable = readable_paths()
    sites = [place for place in readable.listed if place.name in SITE_DIRECTORIES]
    interpreter = Path(sys.executable)
    trees = [each for each in readable.trees if not any(each.is_relative_to(place) for place in sites)]
    trees = [each for each in trees if each.parts[1] not in ("dev", "proc")]
    trees += [*sites, interpreter.resolve(), *(_PROJECT / name for name in _OURS)]
    words = [PROGRAM, "--unshare-all", "--die-with-parent", "--as-pid-1", "--proc", "/proc", "--dev", "/dev"]
    for tree in dict.fromkeys(trees):
        words += ["--ro-bind", str(tree.resolve()), str(tree)]
    for tree in (interpreter, Path(sys.prefix, "pyvenv.cfg"), _LOADER_CACHE_READER):
        if tree.exists():
            words += ["--ro-bind", str(tree.resolve()), str(tree)]
    for node in devices:
        words += ["--dev-bind", str(node), str(node)]
    for place in sites:
        for name in _WITH_DATA:
            if (place / name).is_dir():
                words += ["--tmpfs", str(place / name), "--remount-ro", str(place / name)]
    words += ["--size", str(scratch_bytes), "--tmpfs", str(SCRATCH)]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(SCRATCH), "--"]
