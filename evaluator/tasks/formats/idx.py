"""Reads the four IDX files of MNIST and its kin, plain or gzipped.

The format: two zero bytes, the type (8: unsigned byte), the number of dimensions, each dimension as a
big-endian 32-bit integer, then the bytes (http://yann.lecun.com/exdb/mnist, "the IDX file format").
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.contents import shape_of, split_of
from evaluator.tasks.places import Layout
from evaluator.tasks.task import Examples

_PARTS = ("train", "t10k")
_ANEW = "Get the file anew."
_LARGEST_BYTES = 2**31


@dataclass(frozen=True)
class IdxFiles:
    """A directory with `{train,t10k}-images-idx3-ubyte` and `{train,t10k}-labels-idx1-ubyte`."""

    directory: Path

    @classmethod
    def find(cls, place: Path, _task: str, layout: Layout) -> IdxFiles | None:
        """Return the files at `place` or where torchvision keeps them below it."""
        if layout.binaries != "idx":
            return None
        for directory in layout.directories(place):
            if any(directory.glob("*-images[-.]idx3-ubyte*")):
                return cls(directory)
        return None

    def shape(self) -> TaskShape:
        """Return the training images' geometry, and one class more than the largest label."""
        images, labels = self._arrays("train")
        return shape_of((1, *images.shape[1:]), int(labels.max()) + 1, self.directory)

    def read(self, shape: TaskShape) -> tuple[Examples, Examples]:
        """Return training and test images."""
        train, test = (
            split_of(images[:, None], labels, shape, self.directory)
            for images, labels in map(self._arrays, _PARTS)
        )
        return train, test

    def _arrays(self, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        return _read(self._file(part, "images", 3), 3), _read(self._file(part, "labels", 1), 1)

    def _file(self, part: str, kind: str, dimensions: int) -> Path:
        names = [f"{part}-{kind}{mark}idx{dimensions}-ubyte{end}" for mark in "-." for end in ("", ".gz")]
        for name in names:
            if (path := self.directory / name).is_file():
                return path
        raise TaskDataError(
            self.directory, f"{names[0]} is missing (plain or .gz)", "Put all four files there."
        )


def _read(path: Path, dimensions: int) -> NDArray[np.uint8]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header = file.read(4 + 4 * dimensions)
            if len(header) < 4 + 4 * dimensions or header[:4] != bytes((0, 0, 8, dimensions)):
                raise TaskDataError(path, f"it is not an IDX file of bytes in {dimensions} dimensions", _ANEW)
            shape = struct.unpack(f">{dimensions}I", header[4:])
            size = math.prod(shape)
            if size > _LARGEST_BYTES:
                raise TaskDataError(path, f"it claims to hold {size:,} bytes", _ANEW)
            data = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TaskDataError(path, f"it cannot be read ({error})", _ANEW) from None
    if len(data) != size:
        raise TaskDataError(path, f"it does not hold the {size:,} bytes that it announces", _ANEW)
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
