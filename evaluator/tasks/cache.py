"""Generated splits on disk, so that they are generated once.

One uncompressed `.npz` file for each task in the user's cache directory (`$XDG_CACHE_HOME/archloop`, else
`~/.cache/archloop`), written whole or not at all: a file that is there is complete.

This module does *not* trust what it finds: a file whose content is not what was asked for is made anew.
"""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from corpus.files.whole import file_in_the_making
from corpus.records.base import content_id
from evaluator.tasks.places import cache_directory
from evaluator.tasks.statistics import fingerprint
from evaluator.tasks.task import Examples, Splits

_LOG = logging.getLogger(__name__)
_NAMES = ("train", "val", "test")


def cached(name: str, expected: str | None, generate: Callable[[], Splits]) -> Splits:
    """Return the splits with the fingerprint `expected`, from the cache if they are there, else generated.

    Splits of a private seed have a fingerprint that nobody can know beforehand: the cache's file notes it, so
    that damage is still noticed.

    A cache that cannot be written costs the time of generating again, and a warning.

    Args:
        name: Name and version of the task; the file's name.
        expected: The fingerprint that the splits have on every machine; None for that of the first time.
        generate: Makes them.

    Raises:
        RuntimeError: What was generated is something else: accuracies on it would compare with nobody's.
    """
    cache = cache_directory()
    path = None if cache is None else cache / "generated" / f"{name}.npz"
    found = None if path is None else _read(path, expected)
    if found is not None:
        return found
    _LOG.info("generating the task %s; it will be kept in %s", name, path or "memory alone")
    splits = generate()
    actual = fingerprint(splits)
    if expected is not None and actual != expected:
        raise RuntimeError(
            f"the task {name} came out as {actual}, not as {expected}: numpy {np.__version__} draws other "
            "numbers here. Install a version of numpy that archloop was tested with."
        )
    _keep(path, splits, name, actual)
    return splits


def drawn(
    name: str,
    expected: str,
    counts: tuple[int, int, int],
    draw: Callable[[int, int], Examples],
    task_seed: int,
) -> Splits:
    """Return the splits of a generated task, from the cache or drawn now.

    Args:
        name: Name and version of the task.
        expected: The fingerprint of the public splits.
        counts: Examples for training, validation and test.
        draw: Draws so many examples of the split with that index, from 0.
        task_seed: What `draw` goes by; 0 for the public splits.
    """

    def generate() -> Splits:
        train, val, test = (draw(count, index) for index, count in enumerate(counts))
        return Splits(train, val, test)

    if task_seed:
        return cached(f"{name}-{content_id(str(task_seed))}", None, generate)
    return cached(name, expected, generate)


def _keep(path: Path | None, splits: Splits, name: str, actual: str) -> None:
    try:
        if path is None:
            raise FileNotFoundError("this user has no home directory; set XDG_CACHE_HOME")
        _write(path, splits, actual)
    except OSError as error:
        _LOG.warning("the task %s cannot be kept, it will be generated again: %s", name, error)


def _read(path: Path, expected: str | None) -> Splits | None:
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            parts = [Examples(file[f"{name}_images"], file[f"{name}_labels"]) for name in _NAMES]
            wanted = str(file["fingerprint"]) if expected is None else expected
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        _LOG.warning("%s is broken and will be made anew: %s", path, error)
        return None
    splits = Splits(*parts)
    if fingerprint(splits) == wanted:
        return splits
    _LOG.warning("%s holds something else and will be made anew", path)
    return None


def _write(path: Path, splits: Splits, noted: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_in_the_making(path) as partial, partial.open("wb") as file:
        np.savez(
            file,
            train_images=splits.train.inputs,
            train_labels=splits.train.targets,
            val_images=splits.val.inputs,
            val_labels=splits.val.targets,
            test_images=splits.test.inputs,
            test_labels=splits.test.targets,
            fingerprint=np.array(noted),
        )
