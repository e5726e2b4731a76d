"""The task `texshapes`: one of ten shapes among clutter, 32x32 in colour, drawn rather than collected.

An image has a textured background, a few small distractors, the shape at a random place, size and turn, at
times a bar across it, and noise. Hue and texture of the shape hint at its class only weakly, so that a linear
model learns a little, a perceptron more, and a convolutional network much: one epoch ranks architectures, on
data of CIFAR's geometry that needs no download. `scripts/measure_task.py` prints by how much.

All arithmetic is elementwise and such as IEEE 754 rounds exactly, so every machine draws the same bytes,
which the fingerprints below prove. This module does *not* know the shapes or how they are painted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.cache import drawn
from evaluator.tasks.generated.dice import dice
from evaluator.tasks.generated.painting import SIDE, Dice, axes, bar, ground, noisy, painted, shape
from evaluator.tasks.generated.shapes import SHAPES
from evaluator.tasks.task import Examples, Splits

CLASSES = len(SHAPES)

_SEED = 20240120
_CHUNK_IMAGES = 250
"""Images drawn at a time: their planes fit into the processor's cache."""

_BACKGROUND = (50.0, 160.0)
_DISTRACTORS = 2
_RADIUS = (8.0, 12.0)
_CONTRAST = (40.0, 110.0)
_DARKER = 0.1
_SHIFT = 5.0


@dataclass(frozen=True)
class _Variant:
    train: int
    val: int
    test: int
    stream: int
    fingerprint: str


_VARIANTS = {
    "texshapes-v1": _Variant(50_000, 5_000, 5_000, stream=0, fingerprint="8c5e9c340c0d"),
    "texshapes-5k-v1": _Variant(5_000, 1_000, 1_000, stream=1, fingerprint="0c29181761e3"),
}


def texshapes(variant: str, task_seed: int = 0) -> Splits:
    """Return the splits of a variant, images `(N, 3, 32, 32)`, from the cache or drawn now and kept there.

    Args:
        variant: `texshapes-v1` or `texshapes-5k-v1`.
        task_seed: Decides all that is drawn.
    """
    found = _VARIANTS[variant]

    def draw(count: int, index: int) -> Examples:
        return draw_split(count, (found.stream, index), task_seed)

    return drawn(variant, found.fingerprint, (found.train, found.val, found.test), draw, task_seed)


def draw_split(count: int, stream: tuple[int, ...], task_seed: int = 0) -> Examples:
    """Return `count` images, as many of each class as of any other; equal streams give equal images."""
    generator = dice(_SEED, *stream, task_seed=task_seed)
    labels = generator.permutation(np.arange(count, dtype=np.int64) % CLASSES)
    images = np.empty((count, 3, SIDE, SIDE), dtype=np.uint8)
    for start in range(0, count, _CHUNK_IMAGES):
        part = slice(start, start + _CHUNK_IMAGES)
        images[part] = _draw(labels[part], generator)
    return Examples(images, labels)


def _draw(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return images `(N, 3, 32, 32)` of the classes `labels`."""
    dice = Dice(generator, len(labels))
    images, brightness = ground(dice, _BACKGROUND, _DISTRACTORS)
    x, y = axes()
    x, y = x - dice.uniform(-_SHIFT, _SHIFT), y - dice.uniform(-_SHIFT, _SHIFT)
    hint = (labels / CLASSES).astype(np.float32)[:, None, None]
    seen = shape(
        dice,
        x,
        y,
        labels,
        brightness,
        hint,
        shapes=tuple(SHAPES.values()),
        radius=_RADIUS,
        contrast=_CONTRAST,
        darker=_DARKER,
    )
    images = painted(images, *seen)
    images = painted(images, *bar(dice, x, y))
    return noisy(images, dice)
