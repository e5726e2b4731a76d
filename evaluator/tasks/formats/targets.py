"""The checks on the targets of each kind of task, as they are read from files.

This module does *not* read files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError

MAX_ARRAY_BYTES = 2**34
"""Largest array, unpacked: 1.3 million RGB images of 64x64 take as much."""

_LARGEST = 1e30
"""Of a number: its square is far from the end of float64, and float32 holds its quotients."""


def targets_of(targets: NDArray[Any], count: int, shape: TaskShape, path: Path) -> NDArray[Any]:
    """Return targets `(N, *target_shape)` as `evaluator.tasks.Examples` holds them.

    Args:
        targets: As read from the files. Class ids `(N,)` or `(N, 1)`, or of every position; labels `(N, K)`
            of 0 and 1, of any type; numbers `(N, K, *positions)`, or `(N, *positions)` where K is 1.
        count: How many inputs there are.
        shape: What they have to be.
        path: Named when they are not.

    Raises:
        TaskDataError: They are something else.
    """
    named = shape.kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION)
    if shape.kind is TaskKind.SINGLE_LABEL:
        targets = targets.reshape(-1)
    if shape.kind is TaskKind.REGRESSION and shape.classes == 1 and targets.shape[1:] == shape.positions:
        targets = targets[:, None]
    if targets.shape[:1] != (count,):
        what = "labels" if shape.kind is TaskKind.SINGLE_LABEL else "targets"
        raise TaskDataError(
            path, f"{count} images have {len(targets) if targets.ndim else 0} {what}", "Get the file anew."
        )
    if targets.shape[1:] != shape.target_shape:
        raise TaskDataError(
            path,
            f"a target of its is {targets.shape[1:]}, {shape.target_shape} is wanted",
            "See the arrays of each kind in docs/data.md.",
        )
    if named:
        return _class_ids(targets, shape.classes, path)
    if targets.dtype.kind not in "biuf":
        raise TaskDataError(path, f"its targets are {targets.dtype}", "Store them as float32.")
    if shape.kind is TaskKind.MULTI_LABEL and not ((targets == 0) | (targets == 1)).all():
        raise TaskDataError(path, "its labels are not all 0 or 1", "Write 1 where a label holds, else 0.")
    return finite(targets, "targets", path)


def finite(numbers: NDArray[Any], what: str, path: Path) -> NDArray[np.float32]:
    """Return numbers as float32.

    Raises:
        TaskDataError: One is infinite, not a number, or too large to compute with.
    """
    if numbers.size and not (float(numbers.min()) >= -_LARGEST and float(numbers.max()) <= _LARGEST):
        raise TaskDataError(
            path, f"its {what} are not all finite and below {_LARGEST:g}", "Replace or scale them."
        )
    return np.ascontiguousarray(numbers, dtype=np.float32)


def labels_in(form: tuple[int, ...], kind: TaskKind, positions: tuple[int, ...], path: Path) -> int:
    """Return how many labels, or numbers at a position, targets of the shape `form` `(N, ...)` have.

    Raises:
        TaskDataError: They have no shape of that kind.
    """
    if kind is TaskKind.REGRESSION and form[1:] == positions:
        return 1
    if len(form) > 1 and form[2:] == (positions if kind is TaskKind.REGRESSION else ()):
        return form[1]
    wanted = "(N, K)" if kind is TaskKind.MULTI_LABEL else f"(N, K, {', '.join(map(str, positions))})"
    raise TaskDataError(path, f"y_train is {form}", f"The targets of a {kind} task are {wanted}.")


def _class_ids(targets: NDArray[Any], classes: int, path: Path) -> NDArray[np.int64]:
    if targets.dtype.kind not in "iu":
        raise TaskDataError(path, f"its labels are {targets.dtype}", "Labels must be class ids, from 0.")
    if targets.size * 8 > MAX_ARRAY_BYTES:
        raise TaskDataError(path, f"it has {targets.size:,} class ids", f"{MAX_ARRAY_BYTES // 8:,} are read.")
    if targets.min() < 0 or targets.max() >= classes:
        wrong = targets.min() if targets.min() < 0 else targets.max()
        raise TaskDataError(
            path,
            f"label {wrong} is not one of the classes 0 to {classes - 1}",
            "Name the files of this task in evaluator.data_path.",
        )
    return np.ascontiguousarray(targets, dtype=np.int64)
