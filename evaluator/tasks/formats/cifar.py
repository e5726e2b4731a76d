"""Reads the python batches of CIFAR-10 and CIFAR-100, without running what a pickle asks to be run.

The batches are pickles that Python 2 wrote: a dictionary with an array `data` (N, 3072) and a list of labels.
The unpickler here knows three names, and each stands for a class of this module that only remembers what it
was given; the bytes of the array are then read by `numpy.frombuffer`. Nothing of numpy, and no other
name, can be reached from a file.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.contents import split_of
from evaluator.tasks.places import Layout
from evaluator.tasks.task import Examples

_GEOMETRY = (3, 32, 32)
_ANEW = "Get the file anew, from the data set's own archive."


@dataclass(frozen=True)
class _Variant:
    train: tuple[str, ...]
    test: str
    labels: bytes
    classes: int


_VARIANTS = {
    "cifar10": _Variant(tuple(f"data_batch_{n}" for n in range(1, 6)), "test_batch", b"labels", 10),
    "cifar100": _Variant(("train",), "test", b"fine_labels", 100),
}


@dataclass(frozen=True)
class CifarBatches:
    """A directory with the batches of one of the two data sets."""

    directory: Path
    variant: _Variant

    @classmethod
    def find(cls, place: Path, _task: str, layout: Layout) -> CifarBatches | None:
        """Return the batches at `place` or where torchvision keeps them below it."""
        variant = _VARIANTS.get(layout.binaries or "")
        if variant is None:
            return None
        for directory in layout.directories(place):
            if any((directory / name).is_file() for name in (*variant.train, variant.test)):
                return cls(directory, variant)
        return None

    def shape(self) -> TaskShape:
        """Return CIFAR's shape: the format is its own."""
        channels, height, width = _GEOMETRY
        return TaskShape(channels=channels, height=height, width=width, classes=self.variant.classes)

    def read(self, shape: TaskShape) -> tuple[Examples, Examples]:
        """Return training and test images."""
        train = [self._batch(name, shape) for name in self.variant.train]
        whole = Examples(
            np.concatenate([batch.inputs for batch in train]),
            np.concatenate([batch.targets for batch in train]),
        )
        return whole, self._batch(self.variant.test, shape)

    def _batch(self, name: str, shape: TaskShape) -> Examples:
        path = self.directory / name
        if not path.is_file():
            raise TaskDataError(path, "it is missing", "Put all batches into that directory.")
        content = _unpickle(path)
        images, labels = _pixels(content.get(b"data")), content.get(self.variant.labels)
        if images is None or not isinstance(labels, list) or not all(type(each) is int for each in labels):
            raise TaskDataError(path, f"it is not a batch of {self.variant.classes} classes", _ANEW)
        return split_of(images, np.array(labels, dtype=np.int64), shape, path)


class _Remembered:
    """Stands for whatever a batch names: remembers its arguments and its state, and does nothing."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments
        self.state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Array(_Remembered):
    """Stands for `numpy.core.multiarray._reconstruct`; the state holds shape, type, order and bytes."""


class _ArrayType(_Remembered):
    """Stands for `numpy.ndarray`, which the above gets as an argument."""


class _ElementType(_Remembered):
    """Stands for `numpy.dtype`."""


class _BatchUnpickler(pickle.Unpickler):
    _KNOWN = {  # noqa: RUF012 - never changed
        ("numpy.core.multiarray", "_reconstruct"): _Array,
        ("numpy._core.multiarray", "_reconstruct"): _Array,
        ("numpy", "ndarray"): _ArrayType,
        ("numpy", "dtype"): _ElementType,
    }

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="bytes")

    def find_class(self, module: str, name: str) -> type[_Remembered]:
        """Return the stand-in for a name that batches need.

        Raises:
            UnpicklingError: It is another name.
        """
        try:
            return self._KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch needs") from None


def _unpickle(path: Path) -> dict[object, object]:
    try:
        with path.open("rb") as file:
            content = _BatchUnpickler(file).load()
    # What a broken or hostile pickle can raise is open-ended (see the documentation of `pickle`).
    except Exception as error:  # noqa: BLE001
        raise TaskDataError(path, f"it is not a batch of CIFAR ({error})", _ANEW) from None
    if not isinstance(content, dict):
        raise TaskDataError(path, "it is not a batch of CIFAR", _ANEW)
    return {key.encode() if isinstance(key, str) else key: value for key, value in content.items()}


def _pixels(array: object) -> NDArray[np.uint8] | None:
    """Return the images `(N, 3, 32, 32)` of what stands for an array of bytes `(N, 3072)`, else None."""
    state: Any = array.state if isinstance(array, _Array) else None
    if not (isinstance(state, tuple) and len(state) == 5):
        return None
    _, shape, element, fortran, data = state
    if not (isinstance(element, _ElementType) and element.arguments[:1] in ((b"u1",), ("u1",))):
        return None
    size = int(np.prod(_GEOMETRY))
    if fortran or not isinstance(data, bytes) or len(data) % size or shape != (len(data) // size, size):
        return None
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, *_GEOMETRY)
