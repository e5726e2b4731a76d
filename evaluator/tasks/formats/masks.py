"""Reads images with masks: `train/images/*` and `train/masks/*.png` of the same names, `test/` likewise.

A mask's values are class ids from 0 on, one a pixel: it is a grey PNG of 8 bits, or one with a palette, whose
colours do not matter. This module does *not* look further down than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.contents import shape_of, split_of
from evaluator.tasks.formats.pictures import SUFFIXES, decode, decode_ids, measure, spread
from evaluator.tasks.places import Layout, litter
from evaluator.tasks.task import Examples


@dataclass(frozen=True)
class ImageMasks:
    """A directory with a folder for each split, of images and of masks."""

    directory: Path

    @classmethod
    def find(cls, place: Path, _task: str, _layout: Layout) -> ImageMasks | None:
        """Return `place` if it holds the folders `train/images` and `train/masks`."""
        train = place / "train"
        return cls(place) if (train / "images").is_dir() and (train / "masks").is_dir() else None

    def shape(self) -> TaskShape:
        """Return the geometry of the training images, and one class more than the largest in their masks."""
        train = self.directory / "train"
        pairs = _pairs(train)
        geometry = measure((pairs[index][0], pairs[index][0]) for index in spread(len(pairs)))
        largest = max(int(decode_ids(mask, mask).max(initial=0)) for _, mask in pairs)
        return shape_of(geometry, largest + 1, train / "masks", TaskKind.SEGMENTATION)

    def read(self, shape: TaskShape) -> tuple[Examples, Examples]:
        """Return training and test images with their masks, in the order of their names."""
        if shape.kind is not TaskKind.SEGMENTATION:
            raise TaskDataError(
                self.directory,
                f"it holds images and masks, the task is {shape.kind}",
                "Set evaluator.task to own-data, or name another folder.",
            )
        return _read(self.directory / "train", shape), _read(self.directory / "test", shape)


def _pairs(split: Path) -> list[tuple[Path, Path]]:
    """Return the images of a split, each with its mask."""
    images = {path.stem: path for path in _files(split / "images") if path.suffix.lower() in SUFFIXES}
    masks = {path.stem: path for path in _files(split / "masks") if path.suffix.lower() == ".png"}
    if not images:
        raise TaskDataError(
            split / "images", "it holds no images", f"Add some ({', '.join(sorted(SUFFIXES))})."
        )
    alone = sorted(images.keys() ^ masks.keys())
    if alone:
        missing = split / ("masks" if alone[0] in images else "images")
        raise TaskDataError(
            missing,
            f"there is none for {alone[0]!r}, which is one of {len(alone):,} names without their match",
            "Give each images/NAME a masks/NAME.png, and no other.",
        )
    return [(images[name], masks[name]) for name in sorted(images)]


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise TaskDataError(folder, "there is no such folder", "Give train and test both images and masks.")
    return sorted(path for path in folder.iterdir() if not litter(path))


def _read(split: Path, shape: TaskShape) -> Examples:
    pairs = _pairs(split)
    images = np.empty((len(pairs), shape.channels, shape.height, shape.width), dtype=np.uint8)
    masks = np.empty((len(pairs), shape.height, shape.width), dtype=np.uint8)
    for index, (image, mask) in enumerate(pairs):
        images[index] = decode(image, shape, image)
        masks[index] = _mask(mask, shape)
    return split_of(images, masks, shape, split)


def _mask(path: Path, shape: TaskShape) -> NDArray[np.uint8]:
    mask = decode_ids(path, path)
    if mask.shape != shape.positions:
        raise TaskDataError(
            path,
            f"it is {mask.shape[0]}x{mask.shape[1]}, the images are {shape.height}x{shape.width}",
            "Make masks as large as their images.",
        )
    return mask
