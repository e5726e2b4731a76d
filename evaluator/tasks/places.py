"""Where a task's files may lie: in the caches of Hugging Face and of archloop, or where Debian puts them.

This module does *not* open files, and never downloads: it lists directories that exist or may exist.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DEBIAN = Path("/usr/share/datasets")
"""Where Debian's packages `dataset-NAME` put their files, each below its NAME."""


@dataclass(frozen=True)
class Layout:
    """Under which names a task's files are kept by those who publish them.

    Attributes:
        repositories: Names on the Hugging Face hub, the present one first.
        configuration: Folder within such a repository, where it has several.
        folders: Folders that torchvision keeps the files in, below the root that it is given.
        binaries: Names of the formats of their own that the files may have (see `evaluator.tasks.formats`).
        label_column: Column of a table that holds the class.
        package: Debian's package of the files, which puts them below `/usr/share/datasets`.
    """

    repositories: tuple[str, ...] = ()
    configuration: str | None = None
    folders: tuple[str, ...] = ()
    binaries: str | None = None
    label_column: str = "label"
    package: str | None = None

    def directories(self, place: Path) -> list[Path]:
        """Return the folders in which torchvision's files may lie when `place` was named."""
        return [place, *(place / folder for folder in self.folders)]


def litter(path: Path) -> bool:
    """Return whether a path is none of a data set: hidden, or what a Mac puts into archives (`__MACOSX`)."""
    return path.name.startswith(".") or path.name == "__MACOSX"


def cache_directory() -> Path | None:
    """Return archloop's own directory in the user's cache, which may not exist yet; None without a home."""
    root = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(root) if root else Path.home() / ".cache") / "archloop"
    except RuntimeError:  # as in a container under a user id that the password file does not know
        return None


def places(task: str, layout: Layout) -> Iterator[Path]:
    """Yield the places to look for a task's files in when the user names none, in the order of search."""
    from huggingface_hub import constants

    hub = Path(constants.HF_HUB_CACHE)
    for repository in layout.repositories:
        yield _snapshot(hub / f"datasets--{repository.replace('/', '--')}")
    prepared = Path(os.environ.get("HF_DATASETS_CACHE") or Path(constants.HF_HOME) / "datasets")
    for repository in layout.repositories:
        yield _newest(prepared / repository.replace("/", "___"), layout.configuration)
    if (cache := cache_directory()) is not None:
        yield cache / "data" / task
    if layout.package is not None:
        yield _DEBIAN / layout.package.removeprefix("dataset-")


def _snapshot(repository: Path) -> Path:
    """Return the snapshot that `main` names, else the newest, else where they would be."""
    snapshots = repository / "snapshots"
    main = repository / "refs" / "main"
    if main.is_file() and (snapshot := snapshots / main.read_text().strip()).is_dir():
        return snapshot
    return max(_folders(snapshots), key=lambda path: path.stat().st_mtime, default=snapshots)


def _newest(prepared: Path, configuration: str | None) -> Path:
    """Return the newest `CONFIGURATION/VERSION/HASH` that `datasets` prepared, else where it would be."""
    found = [path for path in prepared.glob(f"{configuration or '*'}/*/*") if path.is_dir()]
    return max(found, key=lambda path: path.stat().st_mtime, default=prepared)


def _folders(path: Path) -> list[Path]:
    return [each for each in path.iterdir() if each.is_dir()] if path.is_dir() else []
