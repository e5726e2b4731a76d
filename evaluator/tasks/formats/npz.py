"""Reads the four arrays that keras ships in a `.npz` file: `x_train`, `y_train`, `x_test`, `y_test`.

This module does *not* unpickle: an archive with objects in it is refused.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.records.base import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.contents import channels_first, shape_of, split_of
from evaluator.tasks.places import Layout, litter
from evaluator.tasks.task import LabelledImages

_KEYS = ("x_train", "y_train", "x_test", "y_test")
_BROKEN = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class NpzFile:
    """One archive with images `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)` and labels."""

    path: Path

    @classmethod
    def find(cls, place: Path, task: str, _layout: Layout) -> NpzFile | None:
        """Return the archive at `place`: itself, the one named as the task, or the only one."""
        if place.is_file():
            return cls(place) if place.suffix == ".npz" else None
        named, found = place / f"{task}.npz", sorted(path for path in place.glob("*.npz") if not litter(path))
        if named in found or not found:
            return cls(named) if found else None
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise TaskDataError(
                place, f"there are several archives ({names})", "Name one in evaluator.data_path."
            )
        return cls(found[0])

    def shape(self) -> TaskShape:
        """Return the training images' geometry, and one class more than the largest label."""
        with self._open() as file:
            labels = self._array(file, "y_train")
            images = channels_first(self._array(file, "x_train"))
        if images.ndim != 4 or not labels.size or not np.issubdtype(labels.dtype, np.integer):
            raise TaskDataError(self.path, "it holds no labelled images", "Write it with numpy.savez.")
        return shape_of(images.shape[1:], int(labels.max()) + 1, self.path)

    def read(self, shape: TaskShape) -> tuple[LabelledImages, LabelledImages]:
        """Return training and test images."""
        with self._open() as file:
            train_images, train_labels, test_images, test_labels = (self._array(file, key) for key in _KEYS)
        return (
            split_of(channels_first(train_images, shape), train_labels, shape, self.path),
            split_of(channels_first(test_images, shape), test_labels, shape, self.path),
        )

    def _open(self) -> Any:
        try:
            file = np.load(self.path, allow_pickle=False)
            if isinstance(file, np.lib.npyio.NpzFile):
                return file
        except _BROKEN as error:
            raise TaskDataError(
                self.path, f"it is not an npz archive ({error})", "Get the file anew."
            ) from None
        raise TaskDataError(self.path, "it is not an npz archive", "Write it with numpy.savez.")

    def _array(self, file: Any, key: str) -> NDArray[Any]:
        if key not in file:
            raise TaskDataError(
                self.path, f"it lacks the array {key}", f"Write {', '.join(_KEYS)} with numpy.savez."
            )
        try:
            array: NDArray[Any] = file[key]
        except _BROKEN as error:
            raise TaskDataError(self.path, f"{key} cannot be read ({error})", "Get the file anew.") from None
        return array
