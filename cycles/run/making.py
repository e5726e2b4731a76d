"""Directories that a command makes, and that go again where the command cannot start.

This module does *not* make files, and never removes what was there before.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cycles.config.run import RunConfig
from cycles.run.run_directory import RunDirectory


@contextmanager
def directory_made(path: Path) -> Iterator[None]:
    """Make `path` with its parents; where the block raises, those that are new and empty go again.

    Raises:
        OSError: It cannot be made.
    """
    new = [each for each in (path, *path.parents) if not each.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for each in new:
            with suppress(OSError):
                each.rmdir()
        raise


@contextmanager
def run_made(path: Path, config: RunConfig) -> Iterator[RunDirectory]:
    """Make a run's directory and let the block fill it; where that fails, nothing of it stays.

    Raises:
        UsageError: Something stands there already.
        OSError: It cannot be made.
    """
    RunDirectory(path).refuse_if_taken()
    with directory_made(path):
        try:
            yield RunDirectory.create(path, config)
        except BaseException:
            for each in path.iterdir():
                if each.is_dir():
                    shutil.rmtree(each, ignore_errors=True)
                else:
                    each.unlink(missing_ok=True)
            raise
