"""Reads the four arrays that keras ships in a `.npz` file: `x_train`, `y_train`, `x_test`, `y_test`.

This module does *not* unpickle: an archive with objects in it is refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from corpus.files.archives import BROKEN, array_names, array_shape, read_array
from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.contents import channels_first, shape_of, split_of
from evaluator.tasks.places import Layout, litter
from evaluator.tasks.task import Examples

_KEYS = ("x_train", "y_train", "x_test", "y_test")
_Read = TypeVar("_Read")

MAX_ARRAY_BYTES = 2**34
"""Largest array, unpacked: 1.3 million RGB images of 64x64 take as much."""


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
        with self._opened() as archive:
            labels = self._array(archive, "y_train")
            size = self._checked(archive, "x_train", array_shape)
        # Read for its shape alone: nothing is allocated for the zeros.
        images = channels_first(np.broadcast_to(np.uint8(0), size))
        if images.ndim != 4 or not labels.size or not np.issubdtype(labels.dtype, np.integer):
            raise TaskDataError(self.path, "it holds no labelled images", "Write it with numpy.savez.")
        return shape_of(images.shape[1:], int(labels.max()) + 1, self.path)

    def read(self, shape: TaskShape) -> tuple[Examples, Examples]:
        """Return training and test images."""
        with self._opened() as archive:
            train_images, train_labels, test_images, test_labels = (
                self._array(archive, key) for key in _KEYS
            )
        return (
            split_of(channels_first(train_images, shape), train_labels, shape, self.path),
            split_of(channels_first(test_images, shape), test_labels, shape, self.path),
        )

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except BROKEN as error:
            raise TaskDataError(
                self.path, f"it is not an npz archive ({error})", "Get the file anew."
            ) from None

    def _array(self, archive: zipfile.ZipFile, key: str) -> NDArray[Any]:
        return self._checked(archive, key, read_array)

    def _checked(self, archive: zipfile.ZipFile, key: str, read: Callable[..., _Read]) -> _Read:
        if key not in array_names(archive):
            raise TaskDataError(
                self.path, f"it lacks the array {key}", f"Write {', '.join(_KEYS)} with numpy.savez."
            )
        try:
            return read(archive, key, MAX_ARRAY_BYTES)
        except (*BROKEN, MemoryError) as error:
            detail = str(error) or "not enough memory"
            raise TaskDataError(self.path, f"{key} cannot be read ({detail})", "Get the file anew.") from None
