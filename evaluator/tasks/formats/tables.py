"""Reads tables of encoded images: parquet as on the Hugging Face hub, arrow as `datasets` prepares it.

An image is a struct `{bytes, path}` or plain bytes; its class an integer. The split is in a file's name or in
that of its folder: `train-00000-of-00001.parquet`, `cifar10-test.arrow`, `train/0000.parquet`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.contents import shape_of, split_of
from evaluator.tasks.formats.pictures import decode, measure, spread
from evaluator.tasks.places import Layout, litter
from evaluator.tasks.task import Examples

if TYPE_CHECKING:
    import pyarrow as pa

_SPLIT = re.compile(r"(?:^|[-_.])(train|test)(?:[-_.]|$)")
_IMAGE_COLUMNS = ("img", "image")
_DEPTHS = ("*", "*/*", "*/*/*")
_ANEW = "Get the file anew."


@dataclass(frozen=True)
class Tables:
    """The files of the two splits, in order."""

    train: tuple[Path, ...]
    test: tuple[Path, ...]
    label_column: str

    @classmethod
    def find(cls, place: Path, _task: str, layout: Layout) -> Tables | None:
        """Return the tables at most three folders below `place`."""
        files = [
            path
            for depth in _DEPTHS
            for ending in ("parquet", "arrow")
            for path in sorted(place.glob(f"{depth}.{ending}"))
            if not path.name.startswith("cache-")  # what `datasets` keeps of `map` and its like
            and not any(map(litter, (path, *path.relative_to(place).parents)))
        ]
        named = [path for path in files if layout.configuration in path.relative_to(place).parts]
        train, test = (
            [path for path in named or files if _split(path) == name] for name in ("train", "test")
        )
        if not train and not test:
            return None
        for name, paths in (("train", train), ("test", test)):
            if not paths:
                raise TaskDataError(
                    place, f"there are tables, but none of the {name} split", f"Add {name}.parquet."
                )
            if len({(path.parent, path.suffix) for path in paths}) > 1:
                folders = ", ".join(sorted({str(path.parent) for path in paths}))
                raise TaskDataError(
                    place, f"there are several data sets ({folders})", "Name one in evaluator.data_path."
                )
        return cls(tuple(train), tuple(test), layout.label_column)

    def shape(self) -> TaskShape:
        """Return the training images' geometry, and one class more than the largest training label."""
        classes, geometries = 0, []
        for path, table in _tables(self.train):
            images, labels = _columns(table, path, self.label_column)
            if not len(labels):
                raise TaskDataError(path, "it holds no rows", _ANEW)
            classes = max(classes, int(labels.max()) + 1)
            rows = spread(len(labels))
            geometries.append(measure((_encoded(images, index, path), path) for index in rows))
        channels = max(found for found, _, _ in geometries)
        _, height, width = geometries[0]
        return shape_of((channels, height, width), classes, self.train[0])

    def read(self, shape: TaskShape) -> tuple[Examples, Examples]:
        """Return training and test images."""
        return self._read(self.train, shape), self._read(self.test, shape)

    def _read(self, paths: tuple[Path, ...], shape: TaskShape) -> Examples:
        images: list[NDArray[np.uint8]] = []
        labels: list[NDArray[np.int64]] = []
        for path, table in _tables(paths):
            column, classes = _columns(table, path, self.label_column)
            part = np.empty((len(classes), shape.channels, shape.height, shape.width), dtype=np.uint8)
            for index in range(len(classes)):
                part[index] = decode(_encoded(column, index, path), shape, path)
            images.append(part)
            labels.append(classes)
        return split_of(np.concatenate(images), np.concatenate(labels), shape, paths[0])


def _split(path: Path) -> str | None:
    match = _SPLIT.search(path.stem) or _SPLIT.search(path.parent.name)
    return match[1] if match else None


def _tables(paths: tuple[Path, ...]) -> Iterator[tuple[Path, pa.Table]]:
    import pyarrow as pa
    from pyarrow import parquet

    for path in paths:
        try:
            if path.suffix == ".arrow":
                with pa.memory_map(str(path)) as file:
                    table = pa.ipc.open_stream(file).read_all()
            else:
                table = parquet.ParquetFile(path).read()
        except (pa.ArrowException, OSError) as error:
            raise TaskDataError(path, f"it cannot be read ({error})", _ANEW) from None
        yield path, table.combine_chunks()


def _columns(table: pa.Table, path: Path, label_column: str) -> tuple[Any, NDArray[np.int64]]:
    """Return the column of encoded images, and the labels."""
    import pyarrow as pa
    from pyarrow import compute

    names = table.column_names
    image = next((name for name in _IMAGE_COLUMNS if name in names), None)
    if image is None or label_column not in names:
        raise TaskDataError(
            path,
            f"its columns are {', '.join(names) or 'none'}",
            f"It needs an image column (img or image) and {label_column}.",
        )
    labels = table[label_column]
    if not pa.types.is_integer(labels.type) or labels.null_count:
        raise TaskDataError(
            path, f"{label_column} is not a whole number in every row", "Store class ids, from 0."
        )
    images = table[image]
    if pa.types.is_struct(images.type) and "bytes" in [field.name for field in images.type]:
        images = compute.struct_field(images, "bytes")
    if not (pa.types.is_binary(images.type) or pa.types.is_large_binary(images.type)):
        raise TaskDataError(path, f"{image} is {images.type}, not encoded images", "Store {bytes, path}.")
    return images, labels.to_numpy().astype(np.int64)


def _encoded(images: Any, index: int, path: Path) -> bytes:
    data = images[index].as_py()
    if data is None:
        raise TaskDataError(path, f"row {index} has a path but no image", "Embed the images.")
    return bytes(data)
