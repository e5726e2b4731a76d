"""Files and directories that appear whole or not at all.

What is being made lies beside its place under a hidden name, `.NAME.partial-PID`, and takes its place by a
rename once its contents are on the disk. So whoever reads finds all of the old or all of the new, after a
power cut too, and the new is on the disk when these functions return. A block that raises leaves nothing
behind; a killed process leaves the hidden name, which nobody reads and `discard_partials` removes.

This module does *not* lock: of two processes that make one file at the same time, the last one wins.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Replace the file at `path` by `text` as UTF-8, its line ends as they are; see `file_in_the_making`.

    Raises:
        OSError: It cannot be written; what was there is still there.
    """
    with file_in_the_making(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


@contextmanager
def file_in_the_making(path: Path) -> Iterator[Path]:
    """Yield the name of a file yet to be written, which takes the place of `path` when the block ends.

    A file that stands there hands on its permission bits; a new one has those that the user's mask gives. A
    symbolic link is itself replaced, not the file that it names.

    Raises:
        OSError: It cannot be written; what was there is still there.
    """
    partial = partial_of(path)
    try:
        yield partial
        if path.is_file():
            shutil.copymode(path, partial)
        _flush(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _flush(path.parent)


@contextmanager
def directory_in_the_making(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty directory that becomes `target` when the block ends, and vanishes when it raises.

    With `replace`, what stood there is put aside by one rename and removed after the next; a process killed
    between the two leaves it as `.NAME.replaced-PID`.

    Args:
        target: Absent or empty, unless `replace`. Its parents are made as needed.
        replace: Whether a directory that is not empty may stand there.

    Raises:
        FileExistsError: `target` is a file, or holds something and may not be replaced.
        OSError: It cannot be written; what was there is still there.
    """
    if is_taken(target) and not (replace and target.is_dir()):
        raise FileExistsError(f"{target} holds something already")
    partial = partial_of(target)
    replaced = target.with_name(f".{target.name}.replaced-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)  # left by a killed process of the same number
    partial.mkdir(parents=True)
    try:
        yield partial
        for path in [*partial.rglob("*"), partial]:
            _flush(path)
        if target.exists():
            shutil.rmtree(replaced, ignore_errors=True)
            target.rename(replaced)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        raise
    _flush(target.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def is_taken(path: Path) -> bool:
    """Return whether something stands at `path` that is no empty directory."""
    return path.exists() and not (path.is_dir() and not any(path.iterdir()))


def partial_of(path: Path) -> Path:
    """Return where this process makes `path` until it is complete."""
    return path.with_name(f".{path.name}.partial-{os.getpid()}")


def discard_partials(path: Path) -> None:
    """Remove what killed processes left of `path`; for those who know that nobody else is making it now."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.partial-*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Force a file or a directory to disk, so that a rename never outlives its contents in a power cut."""
    if path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
