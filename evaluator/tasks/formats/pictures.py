"""Decodes PNG, JPEG and the like into `(C, H, W)` bytes.

An image is measured before it is decoded, so that a small file cannot unpack into a large one. Its content
says what it is, not its name, and only the formats below are decoded: others start programs (an EPS starts
Ghostscript) or read other files. An image that says which side is up is turned. This module does *not* resize
or augment: accuracies on resized images would not compare.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".ppm", ".pgm"})
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "PPM")
"""What the files so called may hold, in Pillow's words."""
MEASURED = 500
"""Of many images, at most so many are opened to learn whether they are coloured."""

_EIGHT_BIT = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB", "CMYK": "RGB"}
_ONE_BYTE = ("1", "L", "P")
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
_ORIENTATION, _LYING = 0x0112, (5, 6, 7, 8)
_ANEW = "Get the file anew."


def measure(images: Iterable[tuple[Path | bytes, Path]]) -> tuple[int, int, int]:
    """Return channels, height and width of encoded images: the first one's size, and 3 if any is coloured.

    Args:
        images: Each with the file to name in errors; none is looked at after the first coloured one.

    Raises:
        TaskDataError: One is none, or has more than 8 bits.
    """
    channels, size = 0, (0, 0)
    for file, where in images:
        with _opened(file, where) as image:
            found, height, width = _geometry(image, where)
        size = size if channels else (height, width)
        channels = max(channels, found)
        if channels > 1:
            break
    return channels, *size


def spread(count: int) -> list[int]:
    """Return the indices of at most `MEASURED` of `count` images: the first, others at even distances."""
    chosen = min(count, MEASURED)
    return [index * count // chosen for index in range(chosen)]


def decode(file: Path | bytes, shape: TaskShape, where: Path) -> NDArray[np.uint8]:
    """Return an encoded image as `(C, H, W)`, grey or RGB as the shape demands; grey is given three times.

    Args:
        file: The image's file, or its content.
        shape: What it has to be; nothing is scaled.
        where: The file to name in errors.

    Raises:
        TaskDataError: It is broken, of another size, or coloured where the task is grey.
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
            pixels = np.asarray(_upright(image).convert("RGB"))  # (H, W, 3)
        except _BROKEN as error:
            raise TaskDataError(where, f"an image is broken ({error})", _ANEW) from None
    if shape.channels == 3:
        return pixels.transpose(2, 0, 1)  # (3, H, W)
    if (pixels != pixels[:, :, :1]).any():
        raise TaskDataError(where, "an image is coloured, the task's are grey", "Make them all of one kind.")
    return pixels[None, :, :, 0]  # (1, H, W)


def decode_ids(file: Path, where: Path) -> NDArray[np.uint8]:
    """Return a mask as class ids `(H, W)`: the values of a grey PNG, or the places in a PNG's palette.

    Raises:
        TaskDataError: It is broken, or no such PNG.
    """
    with _opened(file, where) as image:
        if image.format != "PNG" or image.mode not in _ONE_BYTE:
            raise TaskDataError(
                where,
                f"a mask is {image.format} of the mode {image.mode}",
                "Store class ids from 0 as PNG, grey of 8 bits or with a palette.",
            )
        try:
            return np.asarray(_upright(image)).astype(np.uint8)
        except _BROKEN as error:
            raise TaskDataError(where, f"a mask is broken ({error})", _ANEW) from None


def _opened(file: Path | bytes, where: Path) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    bomb = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(file) if isinstance(file, bytes) else file, formats=FORMATS)
    except bomb:
        raise TaskDataError(where, "an image claims more pixels than any task's has", _ANEW) from None
    except UnidentifiedImageError:
        raise TaskDataError(where, f"an image is none of {', '.join(FORMATS)}", _ANEW) from None
    except _BROKEN as error:
        raise TaskDataError(where, f"an image cannot be read ({error})", _ANEW) from None


def _geometry(image: Image.Image, where: Path) -> tuple[int, int, int]:
    """Return channels (1 or 3), height and width of an image that stands upright."""
    if image.mode not in _EIGHT_BIT:
        raise TaskDataError(
            where, f"an image has the mode {image.mode}", "Store 8 bits a channel, grey or RGB."
        )
    height, width = image.height, image.width
    if _orientation(image) in _LYING:
        height, width = width, height
    return (1 if _EIGHT_BIT[image.mode] == "L" else 3), height, width


def _upright(image: Image.Image) -> Image.Image:
    """Return an image as the camera that took it was held."""
    from PIL import ImageOps

    return image if _orientation(image) == 1 else ImageOps.exif_transpose(image)


def _orientation(image: Image.Image) -> int:
    """Return which side is up, by the EXIF standard from 1 to 8; 1 where the image does not say."""
    if "exif" not in image.info:  # to ask nevertheless would decode the image
        return 1
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return 1
    return found if found in range(2, 9) else 1
