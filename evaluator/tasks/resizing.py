"""Images of another size: the shorter side brought to it, then the middle cut out, as LEMUR's `norm_N` do.

Pixels are mixed by Pillow's bilinear filter, which is what torchvision's `Resize` uses for images. It happens
once, before training, and the result stays in memory as bytes: `N * C * size * size` of them for a split.

This module does *not* augment, and the channels' statistics stay those of the task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluator.tasks.task import Examples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def resized(split: Examples, size: int | None) -> Examples:
    """Return a split whose images are `size` pixels high and wide, the split itself where that is None.

    Args:
        split: Images of bytes, of which one class or labels are said (`evaluator.supervisor.demands`).
        size: In pixels.
    """
    if size is None or split.inputs.shape[2:] == (size, size):
        return split
    return Examples(_resized_images(split.inputs, size), split.targets)


def _resized_images(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    count, channels, height, width = images.shape
    shorter = min(height, width)
    rows, columns = (int(size * side / shorter) for side in (height, width))
    top, left = (round((side - size) / 2) for side in (rows, columns))
    found = np.empty((count, channels, size, size), dtype=np.uint8)
    for index in range(count):
        for channel in range(channels):
            plane = Image.fromarray(images[index, channel]).resize((columns, rows), Image.Resampling.BILINEAR)
            found[index, channel] = np.asarray(plane)[top : top + size, left : left + size]
    return found
