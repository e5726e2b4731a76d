"""The tasks that programs are trained on: images, labels, and a split that selection cannot overstep.

A `Task` holds train and val openly; the test split comes only out of `read_test`, which the final wave calls
once. Images are uint8 `(N, C, H, W)`; the protocol normalises them as `(image / 255 - mean) / std` with the
training split's statistics.

This module does *not* download anything, and imports numpy and scikit-learn only when a task is loaded.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus.records import TaskShape
from evaluator.errors import UnknownTaskError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SPLIT_SEED = 20240117
_VAL_ORIGINALS, _TEST_ORIGINALS = 348, 349
_RENDERINGS = 3
_CANVAS = 12
_NOISE = 0.15


@dataclass(frozen=True)
class TaskSpec:
    """What is known of a task before its data is loaded.

    Attributes:
        name: What the user calls it.
        version: Raised whenever the data changes, so that accuracies of old and new data are never compared.
        shape: Image shape and number of classes.
        description: One line for people.
    """

    name: str
    version: int
    shape: TaskShape
    description: str

    @property
    def id(self) -> str:
        """Name and version, as in a protocol id: `digits-v1`."""
        return f"{self.name}-v{self.version}"

    @property
    def chance(self) -> float:
        """Accuracy of guessing, in (0, 1]."""
        return 1.0 / self.shape.classes


@dataclass(frozen=True)
class Split:
    """Images `(N, C, H, W)` as uint8 and their labels `(N,)` as int64."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Task:
    """A task with its data.

    Attributes:
        spec: Name, version, shape.
        train: What programs learn from.
        val: What selection is based on.
        mean: Mean of each channel over the training images, in [0, 1].
        std: Standard deviation of each channel over the training images, in [0, 1].
    """

    spec: TaskSpec
    train: Split
    val: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]
    _test: Split

    @property
    def shape(self) -> TaskShape:
        """Image shape and number of classes."""
        return self.spec.shape

    def read_test(self) -> Split:
        """Return the test split. For the final measurement only: nothing may be selected by it."""
        return self._test


def task_spec(name: str) -> TaskSpec:
    """Return the description of the task `name` without loading its data.

    Raises:
        UnknownTaskError: There is no such task.
    """
    if name in _TASKS:
        return _TASKS[name][0]
    close = difflib.get_close_matches(name, _TASKS, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    raise UnknownTaskError(f"there is no task '{name}'.{hint} Tasks: {', '.join(task_names())}.")


def task_names() -> list[str]:
    """Return the names of all tasks, the default first."""
    return list(_TASKS)


def load_task(name: str) -> Task:
    """Return the task `name` with its data; the same arrays on every call and every machine.

    Raises:
        UnknownTaskError: There is no such task.
    """
    spec = task_spec(name)
    train, val, test = _TASKS[name][1]()
    scaled = train.images / 255.0
    return Task(
        spec=spec,
        train=train,
        val=val,
        mean=tuple(float(value) for value in scaled.mean(axis=(0, 2, 3))),
        std=tuple(float(value) for value in scaled.std(axis=(0, 2, 3))),
        _test=test,
    )


def _clean_digits() -> tuple[Split, Split, Split]:
    """Scikit-learn's 1,797 digits, 8x8, once each (UCI Optical Recognition of Handwritten Digits)."""
    import numpy as np
    from sklearn.datasets import load_digits

    data, labels = load_digits(return_X_y=True)
    images = np.rint(data.reshape(-1, 1, 8, 8) * (255.0 / 16.0)).astype(np.uint8)
    order = np.random.Generator(np.random.PCG64(_SPLIT_SEED)).permutation(len(labels))
    borders = [len(order) - _VAL_ORIGINALS - _TEST_ORIGINALS, len(order) - _TEST_ORIGINALS]
    parts = [Split(images[part], labels[part].astype(np.int64)) for part in np.split(order, borders)]
    return parts[0], parts[1], parts[2]


def _shifted_digits() -> tuple[Split, Split, Split]:
    """The same digits at random places of a noisy 12x12 canvas.

    There are three renderings of each training digit and one of every other. The split is by original, so no
    rendering of a validation or test digit is ever trained on. The shifts make digits hard enough for
    one epoch to rank architectures.
    """
    train, val, test = _clean_digits()
    return _render(train, _RENDERINGS, 1), _render(val, 1, 2), _render(test, 1, 3)


def _render(split: Split, times: int, stream: int) -> Split:
    import numpy as np

    generator = np.random.Generator(np.random.PCG64([_SPLIT_SEED, stream]))
    originals = np.repeat(split.images, times, axis=0)  # (N * times, 1, 8, 8)
    canvas = np.zeros((len(originals), 1, _CANVAS, _CANVAS))
    for index, offset in enumerate(generator.integers(0, _CANVAS - 8 + 1, size=(len(originals), 2))):
        top, left = offset
        canvas[index, :, top : top + 8, left : left + 8] = originals[index]
    canvas += generator.normal(0.0, _NOISE * 255.0, size=canvas.shape)
    images = np.rint(canvas.clip(0.0, 255.0)).astype(np.uint8)
    return Split(images, np.repeat(split.labels, times))


_TASKS: dict[str, tuple[TaskSpec, Callable[[], tuple[Split, Split, Split]]]] = {
    "digits": (
        TaskSpec(
            name="digits",
            version=1,
            shape=TaskShape(channels=1, height=_CANVAS, width=_CANVAS, classes=10),
            description="handwritten digits, shifted on a noisy 12x12 canvas: 3,300 / 348 / 349 images",
        ),
        _shifted_digits,
    ),
    "digits-clean": (
        TaskSpec(
            name="digits-clean",
            version=1,
            shape=TaskShape(channels=1, height=8, width=8, classes=10),
            description="the same handwritten digits as they are, 8x8: 1,100 / 348 / 349 images",
        ),
        _clean_digits,
    ),
}
