"""Reads folders of images: `train/CLASS/*.png` and `test/CLASS/*.png`.

Classes are numbered in the order of their folders' names, as numbers where all are numbers. One coloured
image makes the task's images coloured. This module does *not* look further down than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.contents import shape_of, split_of
from evaluator.tasks.formats.pictures import SUFFIXES, decode, measure, spread
from evaluator.tasks.places import Layout, litter
from evaluator.tasks.task import Examples


@dataclass(frozen=True)
class ImageFolders:
    """A directory with a folder for each split."""

    directory: Path

    @classmethod
    def find(cls, place: Path, _task: str, _layout: Layout) -> ImageFolders | None:
        """Return `place` if it holds a folder `train` of folders."""
        return cls(place) if _classes(place / "train") else None

    def shape(self) -> TaskShape:
        """Return the geometry of the training images, and the number of class folders."""
        train = self.directory / "train"
        classes = _classes(train)
        files = [path for name in classes for path in _files(train / name)]
        geometry = measure((files[index], files[index]) for index in spread(len(files)))
        return shape_of(geometry, len(classes), train)

    def read(self, shape: TaskShape) -> tuple[Examples, Examples]:
        """Return training and test images, class by class."""
        train, test = self.directory / "train", self.directory / "test"
        classes = _classes(train)
        if len(classes) != shape.classes:
            raise TaskDataError(
                train,
                f"it has {len(classes)} class folders, the task {shape.classes} classes",
                "Name another folder.",
            )
        if _classes(test) != classes:
            raise TaskDataError(
                test, "its class folders are not those of train", "Give both the same folders."
            )
        return _read(train, classes, shape), _read(test, classes, shape)


def _classes(split: Path) -> list[str]:
    if not split.is_dir():
        return []
    names = [path.name for path in split.iterdir() if path.is_dir() and not litter(path)]
    return sorted(names, key=int) if all(map(str.isdecimal, names)) else sorted(names)


def _files(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not litter(path))
    if not files:
        raise TaskDataError(
            folder, "it holds no images", f"Add some, or remove it ({', '.join(sorted(SUFFIXES))})."
        )
    return files


def _read(split: Path, classes: list[str], shape: TaskShape) -> Examples:
    files = [(path, label) for label, name in enumerate(classes) for path in _files(split / name)]
    images = np.empty((len(files), shape.channels, shape.height, shape.width), dtype=np.uint8)
    for index, (path, _) in enumerate(files):
        images[index] = decode(path, shape, path)
    return split_of(images, np.array([label for _, label in files]), shape, split)
