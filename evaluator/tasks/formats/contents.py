"""What all formats share: the shape of a source, and the checks on what it holds.

This module does *not* know any format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.task import Examples


class Source(Protocol):
    """A task's files in one format."""

    def shape(self) -> TaskShape:
        """Return the shape that the files have, from as little reading as possible.

        Raises:
            TaskDataError: A file is broken, or there are fewer than two classes.
        """
        ...

    def read(self, shape: TaskShape) -> tuple[Examples, Examples]:
        """Return all training and all test images, checked.

        Raises:
            TaskDataError: A file is missing, broken, or holds something else.
        """
        ...


def split_of(images: NDArray[Any], labels: NDArray[Any], shape: TaskShape, path: Path) -> Examples:
    """Return a split of images `(N, C, H, W)` and labels `(N,)` or `(N, 1)`, checked against the shape.

    Args:
        images: As read from the files.
        labels: As read from the files.
        shape: What they have to be.
        path: Named when they are not.

    Raises:
        TaskDataError: They are something else.
    """
    if images.ndim != 4 or len(images) == 0:
        raise TaskDataError(path, "it holds no images", "Get the file anew.")
    if images.dtype != np.uint8:
        raise TaskDataError(path, f"its images are {images.dtype}", "Store them as uint8, from 0 to 255.")
    wanted = (shape.channels, shape.height, shape.width)
    if images.shape[1:] != wanted:
        raise TaskDataError(
            path,
            f"its images are {_geometry(images.shape[1:])}, the task's are {_geometry(wanted)}",
            "Name the files of this task in evaluator.data_path.",
        )
    flat = labels.reshape(-1)
    if len(flat) != len(images):
        raise TaskDataError(path, f"{len(images)} images have {len(flat)} labels", "Get the file anew.")
    if not np.issubdtype(flat.dtype, np.integer):
        raise TaskDataError(path, f"its labels are {flat.dtype}", "Labels must be class ids, from 0.")
    if flat.min() < 0 or flat.max() >= shape.classes:
        wrong = flat.min() if flat.min() < 0 else flat.max()
        raise TaskDataError(
            path,
            f"label {wrong} is not one of the classes 0 to {shape.classes - 1}",
            "Name the files of this task in evaluator.data_path.",
        )
    return Examples(np.ascontiguousarray(images), flat.astype(np.int64))


def shape_of(geometry: tuple[int, int, int], classes: int, path: Path) -> TaskShape:
    """Return the shape of a task with images of `geometry` (C, H, W), as found at `path`.

    Raises:
        TaskDataError: There is nothing to tell apart, or nothing to see.
    """
    if classes < 2:
        raise TaskDataError(path, "its images are all of one class", "Add another class, two at least.")
    channels, height, width = geometry
    if not all(geometry):
        raise TaskDataError(path, f"its images are {_geometry(geometry)}", "Get the file anew.")
    return TaskShape(channels=channels, height=height, width=width, classes=classes)


def channels_first(images: NDArray[Any], shape: TaskShape | None = None) -> NDArray[Any]:
    """Return `(N, C, H, W)` from images `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)`.

    Channels come last unless only the second axis can be one; a known shape settles it.
    """
    if images.ndim == 3:
        return images[:, None]
    if images.ndim != 4:
        return images
    if shape is not None and images.shape[1:] == (shape.channels, shape.height, shape.width):
        return images
    if images.shape[3] in (1, 3):
        return images.transpose(0, 3, 1, 2)
    return images


def _geometry(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, (*shape[1:], shape[0]))) if len(shape) == 3 else str(shape)
