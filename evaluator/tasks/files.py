"""Tasks from the user's own files: find them, read them, carve the validation split.

The files' test split is the task's test split. Validation images are a tenth of the training files' images,
drawn class by class with a fixed seed. This module does *not* know formats, and never downloads.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats import recognise
from evaluator.tasks.formats.contents import Source
from evaluator.tasks.places import Layout, places
from evaluator.tasks.task import Examples, Splits

_LOG = logging.getLogger(__name__)
_VAL_SHARE = 10
_SPLIT_SEED = 20240119


@dataclass(frozen=True)
class FoundFiles:
    """Files of a task, and the place that they were found at."""

    place: Path
    source: Source


def find_source(task: str, layout: Layout, data_path: Path | None) -> FoundFiles:
    """Return the files of `task`: at `data_path` alone if given, else at the first of the usual places.

    Raises:
        TaskDataError: There are none; the message lists the places, and what files would do.
    """
    looked = [data_path] if data_path is not None else list(places(task, layout))
    for place in looked:
        if place.exists() and (source := recognise(place, task, layout)) is not None:
            return FoundFiles(place, source)
    if data_path is not None and not data_path.exists():
        raise TaskDataError(data_path, "there is nothing", _what_would_do(layout))
    if data_path is not None:
        raise TaskDataError(data_path, f"there are no files of the task '{task}'", _what_would_do(layout))
    listed = ", ".join(map(str, looked))
    raise TaskDataError(f"the task '{task}'", f"no files of it in {listed}", _what_would_do(layout))


def read_splits(found: FoundFiles, shape: TaskShape) -> Splits:
    """Return all images of the files, with the validation split carved out of the training images.

    Raises:
        TaskDataError: A file is broken, or holds something else.
    """
    _LOG.info("reading images from %s", found.place)
    train, test = found.source.read(shape)
    counts = np.bincount(train.targets, minlength=shape.classes)
    if counts.min() < 2:
        raise TaskDataError(
            found.place,
            f"class {int(counts.argmin())} has {int(counts.min())} training images",
            "Every class needs two at least; check that these are the files of this task.",
        )
    kept, val = _carve(train, shape.classes)
    return Splits(kept, val, test)


def _carve(split: Examples, classes: int) -> tuple[Examples, Examples]:
    """Return the split without, and then with only, a tenth of the images of each class."""
    held_out = np.zeros(len(split), dtype=bool)
    for label in range(classes):
        members = np.flatnonzero(split.targets == label)
        generator = np.random.Generator(np.random.PCG64([_SPLIT_SEED, label]))
        held_out[generator.permutation(members)[: max(1, round(len(members) / _VAL_SHARE))]] = True
    return (
        Examples(split.inputs[~held_out], split.targets[~held_out]),
        Examples(split.inputs[held_out], split.targets[held_out]),
    )


def _what_would_do(layout: Layout) -> str:
    own = {
        "cifar10": "the folder cifar-10-batches-py, ",
        "cifar100": "the folder cifar-100-python, ",
        "svhn": "train_32x32.mat and test_32x32.mat, ",
        "idx": "the four idx-ubyte files (plain or .gz), ",
    }.get(layout.binaries or "", "")
    start = "Set" if layout.package is None else f"On Debian: apt-get install {layout.package}. Or set"
    return (
        f"{start} evaluator.data_path to {own}train and test parquet files, an .npz with x_train, y_train, "
        "x_test, y_test, or a folder with train/CLASS/*.png and test/CLASS/*.png. Nothing is downloaded."
    )
