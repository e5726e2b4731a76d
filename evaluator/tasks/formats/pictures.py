"""Decodes PNG, JPEG and the like into `(C, H, W)` bytes.

An image is measured before it is decoded, so that a small file cannot unpack into a large one. This module
does *not* resize or augment: accuracies on resized images would not compare.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corpus.records.base import TaskShape
from evaluator.errors import TaskDataError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".ppm", ".pgm"})
_EIGHT_BIT = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB", "CMYK": "RGB"}
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
_ANEW = "Get the file anew."


def measure(file: Path | bytes, where: Path) -> tuple[int, int, int]:
    """Return channels (1 or 3), height and width of an encoded image.

    Raises:
        TaskDataError: It is none, or has more than 8 bits.
    """
    with _opened(file, where) as image:
        return _geometry(image, where)


def decode(file: Path | bytes, shape: TaskShape, where: Path) -> NDArray[np.uint8]:
    """Return an encoded image as `(C, H, W)`, grey or RGB as the shape demands.

    Args:
        file: The image's file, or its content.
        shape: What it has to be; nothing is scaled.
        where: The file to name in errors.

    Raises:
        TaskDataError: It is broken, or of another size.
    """
    with _opened(file, where) as image:
        _, height, width = _geometry(image, where)
        if (height, width) != (shape.height, shape.width):
            raise TaskDataError(
                where,
                f"an image is {height}x{width}, the task's are {shape.height}x{shape.width}",
                "Name the files of this task in evaluator.data_path, or resize them all.",
            )
        try:
            pixels = np.asarray(image.convert("L" if shape.channels == 1 else "RGB"))
        except _BROKEN as error:
            raise TaskDataError(where, f"an image is broken ({error})", _ANEW) from None
    return pixels.reshape(height, width, shape.channels).transpose(2, 0, 1)  # (C, H, W)


def _opened(file: Path | bytes, where: Path) -> Image.Image:
    from PIL import Image

    try:
        return Image.open(io.BytesIO(file) if isinstance(file, bytes) else file)
    except (*_BROKEN, Image.DecompressionBombError) as error:
        raise TaskDataError(where, f"an image cannot be read ({error})", _ANEW) from None


def _geometry(image: Image.Image, where: Path) -> tuple[int, int, int]:
    if image.mode not in _EIGHT_BIT:
        raise TaskDataError(
            where, f"an image has the mode {image.mode}", "Store 8 bits a channel, grey or RGB."
        )
    return (1 if _EIGHT_BIT[image.mode] == "L" else 3), image.height, image.width
