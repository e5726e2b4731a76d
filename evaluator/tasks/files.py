"""Tasks from the user's own files: find them, read them, carve the validation split.

The files' test split is the task's test split. Validation examples are a tenth of the training files' ones,
drawn with a fixed seed: class by class where each has one class. This module does *not* know formats, and
never downloads.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.records.tasks.kinds import TaskKind
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
    remedy = _what_would_do(layout, task)
    if data_path is not None and not data_path.exists():
        raise TaskDataError(data_path, "there is nothing", remedy)
    if data_path is not None:
        raise TaskDataError(data_path, f"there are no files of the task '{task}'", remedy)
    listed = ", ".join(map(str, looked))
    raise TaskDataError(f"the task '{task}'", f"no files of it in {listed}", remedy)


def read_splits(found: FoundFiles, shape: TaskShape) -> Splits:
    """Return all examples of the files, with the validation split carved out of the training examples.

    Raises:
        TaskDataError: A file is broken, holds something else, or too little to judge by.
    """
    _LOG.info("reading examples from %s", found.place)
    train, test = found.source.read(shape)
    _require_enough(train, shape, found.place)
    kept, val = _carve(train, shape)
    if shape.kind is TaskKind.MULTI_LABEL:
        for name, split in (("validation", val), ("test", test)):
            if not split.targets.any():
                raise TaskDataError(
                    found.place, f"none of its {len(split):,} {name} examples has a label", "Add examples."
                )
    return Splits(kept, val, test)


def _require_enough(train: Examples, shape: TaskShape, place: Path) -> None:
    """Refuse training examples of which nothing can be learnt."""
    if shape.kind is TaskKind.SINGLE_LABEL:
        counts = np.bincount(train.targets, minlength=shape.classes)
        if counts.min() < 2:
            raise TaskDataError(
                place,
                f"class {int(counts.argmin())} has {int(counts.min())} training images",
                "Every class needs two at least; check that these are the files of this task.",
            )
        return
    if len(train) < 2:
        raise TaskDataError(place, "it has 1 training example", "One more is needed to validate on.")
    if shape.kind is TaskKind.SEGMENTATION:
        missing = np.flatnonzero(np.bincount(train.targets.reshape(-1), minlength=shape.classes) == 0)
        if len(missing):
            raise TaskDataError(
                place,
                f"of its classes 0 to {shape.classes - 1}, {len(missing)} are in no training mask, such as "
                f"{missing[0]}",
                "Number the classes from 0 without gaps; there is no value for pixels that do not count.",
            )
    elif shape.kind is TaskKind.MULTI_LABEL:
        idle = np.flatnonzero(train.targets.any(axis=0) == train.targets.all(axis=0))
        if len(idle):
            raise TaskDataError(
                place,
                f"label {idle[0]} is the same in all training examples",
                "Leave such labels out, or add examples.",
            )
    elif (train.targets == train.targets.flat[0]).all():
        raise TaskDataError(place, "its training targets are one number", "Check what was written.")


def _carve(split: Examples, shape: TaskShape) -> tuple[Examples, Examples]:
    """Return the split without, and then with only, a tenth of the examples: of each class, if there are."""
    held_out = np.zeros(len(split), dtype=bool)
    if shape.kind is TaskKind.SINGLE_LABEL:
        groups = [
            ([_SPLIT_SEED, each], np.flatnonzero(split.targets == each)) for each in range(shape.classes)
        ]
    else:
        groups = [([_SPLIT_SEED], np.arange(len(split)))]
    for seed, members in groups:
        generator = np.random.Generator(np.random.PCG64(seed))
        held_out[generator.permutation(members)[: max(1, round(len(members) / _VAL_SHARE))]] = True
    return (
        Examples(split.inputs[~held_out], split.targets[~held_out]),
        Examples(split.inputs[held_out], split.targets[held_out]),
    )


def _what_would_do(layout: Layout, task: str) -> str:
    own = {
        "cifar10": "the folder cifar-10-batches-py, ",
        "cifar100": "the folder cifar-100-python, ",
        "svhn": "train_32x32.mat and test_32x32.mat, ",
        "idx": "the four idx-ubyte files (plain or .gz), ",
    }.get(layout.binaries or "", "")
    if task == "own-data":
        return (
            "Set evaluator.data_path to an .npz with x_train, y_train, x_test, y_test and kind, to a folder "
            "with images and masks (train/images/NAME.png, train/masks/NAME.png, test likewise), or to "
            "labelled images as for the task 'images'. Nothing is downloaded."
        )
    start = "Set" if layout.package is None else f"On Debian: apt-get install {layout.package}. Or set"
    return (
        f"{start} evaluator.data_path to {own}train and test parquet files, an .npz with x_train, y_train, "
        "x_test, y_test, or a folder with train/CLASS/*.png and test/CLASS/*.png. Nothing is downloaded."
    )
