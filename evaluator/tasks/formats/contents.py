"""What all formats share: the shape of a source, and the checks on what it holds.

This module does *not* know any format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.targets import finite, targets_of
from evaluator.tasks.task import Examples

MOST_CLASSES = 65_535
"""An answer names a class in 16 bits, and none of them by their number."""


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


def split_of(inputs: NDArray[Any], targets: NDArray[Any], shape: TaskShape, path: Path) -> Examples:
    """Return a split of inputs `(N, C, H, W)` or `(N, C, L)` and targets, checked against the shape.

    Args:
        inputs: As read from the files: uint8 or, fields and signals, of any floating type.
        targets: As read from the files; see `targets_of`.
        shape: What they have to be.
        path: Named when they are not.

    Raises:
        TaskDataError: They are something else.
    """
    found = _inputs_of(inputs, shape, path)
    return Examples(found, targets_of(targets, len(found), shape, path))


def shape_of(
    geometry: tuple[int, int, int],
    classes: int,
    path: Path,
    kind: TaskKind = TaskKind.SINGLE_LABEL,
    *,
    signal: bool = False,
) -> TaskShape:
    """Return the shape of a task with inputs of `geometry` (C, H, W), as found at `path`.

    Raises:
        TaskDataError: There is nothing to tell apart, too much, or nothing to see.
    """
    if classes < 2 and kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION):
        what = "images" if kind is TaskKind.SINGLE_LABEL else "masks"
        raise TaskDataError(path, f"its {what} are all of one class", "Add another class, two at least.")
    if not 1 <= classes <= MOST_CLASSES:
        raise TaskDataError(
            path, f"it has {classes:,} classes or labels", f"There may be 1 to {MOST_CLASSES:,}, from 0 on."
        )
    channels, height, width = geometry
    if not all(geometry):
        raise TaskDataError(path, f"its images are {_geometry(geometry)}", "Get the file anew.")
    return TaskShape(channels=channels, height=height, width=width, classes=classes, kind=kind, signal=signal)


def geometry_of(
    size: tuple[int, ...], dtype: np.dtype[Any], path: Path
) -> tuple[tuple[int, int, int], bool] | None:
    """Return channels, height and width of inputs of that shape and type, and whether they are signals.

    Bytes are images, `(N, H, W)` if grey; numbers `(N, C, L)` are signals, `(N, C, H, W)` fields. None is for
    whatever has another rank.

    Raises:
        TaskDataError: Signals have no fewer channels than steps: so they are fields, or lie the other way.
    """
    if len(size) not in (3, 4):
        return None
    if dtype.kind == "f" and len(size) == 3:
        if size[1] >= size[2]:
            raise TaskDataError(
                path,
                f"its signals have {size[1]:,} channels and {size[2]:,} steps",
                "Write signals as (N, C, L), images and fields as (N, C, H, W).",
            )
        return (size[1], 1, size[2]), True
    # Read for its shape alone: nothing is allocated for the zeros.
    images = channels_first(np.broadcast_to(np.uint8(0), size))
    return images.shape[1:], False


def _inputs_of(inputs: NDArray[Any], shape: TaskShape, path: Path) -> NDArray[Any]:
    if inputs.ndim != 1 + len(shape.input_shape) or len(inputs) == 0:
        what = "signals" if shape.signal else "images"
        raise TaskDataError(path, f"it holds no {what}", "Get the file anew.")
    numbers = inputs.dtype.kind == "f"
    if not numbers and (shape.signal or inputs.dtype != np.uint8):
        raise TaskDataError(
            path,
            f"its {'signals' if shape.signal else 'images'} are {inputs.dtype}",
            "Store them as float32." if shape.signal else "Store them as uint8, from 0 to 255.",
        )
    if inputs.shape[1:] != shape.input_shape:
        raise TaskDataError(
            path,
            f"its images are {_geometry(inputs.shape[1:])}, the task's are {_geometry(shape.input_shape)}",
            "Name the files of this task in evaluator.data_path.",
        )
    return finite(inputs, "inputs", path) if numbers else np.ascontiguousarray(inputs)


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
