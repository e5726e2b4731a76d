"""Reads `train_32x32.mat` and `test_32x32.mat` of SVHN (cropped digits), in which the digit 0 is class 10."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.contents import split_of
from evaluator.tasks.places import Layout
from evaluator.tasks.task import Examples

_NAMES = ("train_32x32.mat", "test_32x32.mat")
_ZERO = 10
_BROKEN = (OSError, ValueError, TypeError, EOFError, IndexError, zlib.error, struct.error)
_ANEW = "Get the file anew."


@dataclass(frozen=True)
class MatFiles:
    """A directory with the two files; `extra_32x32.mat` is not read."""

    directory: Path

    @classmethod
    def find(cls, place: Path, _task: str, layout: Layout) -> MatFiles | None:
        """Return the files at `place` or where torchvision keeps them below it."""
        if layout.binaries != "svhn":
            return None
        for directory in layout.directories(place):
            if any((directory / name).is_file() for name in _NAMES):
                return cls(directory)
        return None

    def shape(self) -> TaskShape:
        """Return SVHN's shape: the format is its own."""
        return TaskShape(channels=3, height=32, width=32, classes=10)

    def read(self, shape: TaskShape) -> tuple[Examples, Examples]:
        """Return training and test images."""
        train, test = (_read(self.directory / name, shape) for name in _NAMES)
        return train, test


def _read(path: Path, shape: TaskShape) -> Examples:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if not path.is_file():
        raise TaskDataError(path, "it is missing", "Put train_32x32.mat and test_32x32.mat side by side.")
    try:
        content: dict[str, Any] = loadmat(path, variable_names=("X", "y"))
        images, labels = content["X"], content["y"]  # (H, W, C, N), (N, 1)
    except KeyError as error:
        raise TaskDataError(path, f"it lacks the variable {error}", _ANEW) from None
    except NotImplementedError:
        raise TaskDataError(
            path, "it is a MATLAB 7.3 file", "Save it as version 5 (`-v6` or `-v7`)."
        ) from None
    except (
        MatReadError,
        OSError,
        ValueError,
        TypeError,
        EOFError,
        IndexError,
        zlib.error,
        struct.error,
    ) as error:
        raise TaskDataError(path, f"it cannot be read ({error})", _ANEW) from None
    if images.ndim != 4 or not np.issubdtype(labels.dtype, np.integer):
        raise TaskDataError(path, "X and y are not images and class ids", _ANEW)
    labels = labels.astype(np.int64)
    if labels.size and labels.min() < 1:
        raise TaskDataError(path, "its labels are not from 1 to 10", _ANEW)
    labels[labels == _ZERO] = 0
    return split_of(images.transpose(3, 2, 0, 1), labels, shape, path)
