"""The task `texshapes`: one of ten shapes among clutter, 32x32 in colour, drawn rather than collected.

An image has a textured background, a few small distractors, the shape at a random place, size and turn, at
times a bar across it, and noise. Hue and texture of the shape hint at its class only weakly, so that a linear
model learns a little, a perceptron more, and a convolutional network much: one epoch ranks architectures, on
data of CIFAR's geometry that needs no download. `scripts/measure_task.py` prints by how much.

All arithmetic is elementwise and such as IEEE 754 rounds exactly, so every machine draws the same bytes,
which the fingerprints below prove. This module does *not* know the shapes: see `evaluator.tasks.shapes`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.records.base import content_id
from evaluator.tasks.cache import cached
from evaluator.tasks.dice import dice
from evaluator.tasks.shapes import SHAPES, Plane, box
from evaluator.tasks.task import Examples, Splits

CLASSES = len(SHAPES)
SIDE = 32

_SEED = 20240120
_CHUNK_IMAGES = 250
"""Images drawn at a time: their planes fit into the processor's cache."""

_STEPS_OF_A_TURN = 1024
_COSINE = (
    np.rint(np.cos(np.arange(_STEPS_OF_A_TURN) * (2 * np.pi / _STEPS_OF_A_TURN)) * 4096) / 4096
).astype(np.float32)
"""Rounded to 12 bits: the last bit of a cosine differs between machines."""

_RADIUS = (8.0, 12.0)
_SHIFT = 5.0
_TURN = 0.18
_BACKGROUND = (50.0, 160.0)
_CONTRAST = (40.0, 110.0)
_DARKER = 0.1
_HUE_SPREAD = 0.6
_TEXTURE = 10.0
_TEXTURE_LINK = 0.35
_DISTRACTORS = 2
_OCCLUDED = 0.4
_NOISE = 5.0
_UNIFORM_BYTES_SD = 104.5  # of the sum of two numbers drawn evenly from -128 to 127


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
    counts = _VARIANTS[variant]

    def generate() -> Splits:
        train, val, test = (
            draw_split(count, (counts.stream, index), task_seed)
            for index, count in enumerate((counts.train, counts.val, counts.test))
        )
        return Splits(train, val, test)

    if task_seed:
        return cached(f"{variant}-{content_id(str(task_seed))}", None, generate)
    return cached(variant, counts.fingerprint, generate)


def draw_split(count: int, stream: tuple[int, ...], task_seed: int = 0) -> Examples:
    """Return `count` images, as many of each class as of any other; equal streams give equal images."""
    generator = dice(_SEED, *stream, task_seed=task_seed)
    labels = generator.permutation(np.arange(count, dtype=np.int64) % CLASSES)
    images = np.empty((count, 3, SIDE, SIDE), dtype=np.uint8)
    for start in range(0, count, _CHUNK_IMAGES):
        part = slice(start, start + _CHUNK_IMAGES)
        images[part] = _draw(labels[part], generator)
    return Examples(images, labels)


class _Dice:
    """Random numbers for `count` images at once, each `(N, 1, 1)` in float32."""

    def __init__(self, generator: np.random.Generator, count: int) -> None:
        self.generator, self.count = generator, count

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Plane:
        numbers = low + (high - low) * self.generator.random(self.count)
        return numbers.astype(np.float32)[:, None, None]

    def choose(self, probability: float) -> NDArray[np.bool_]:
        return self.generator.random(self.count)[:, None, None] < probability

    def direction(self, turn: float = 1.0) -> tuple[Plane, Plane]:
        """Cosine and sine of an angle within a `turn` around 0."""
        steps = np.rint((self.generator.random(self.count) - 0.5) * (turn * _STEPS_OF_A_TURN)).astype(
            np.int64
        )
        sine = _COSINE[(steps - _STEPS_OF_A_TURN // 4) % _STEPS_OF_A_TURN]
        return _COSINE[steps % _STEPS_OF_A_TURN][:, None, None], sine[:, None, None]


def _draw(labels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return images `(N, 3, 32, 32)` of the classes `labels`."""
    dice = _Dice(generator, len(labels))
    axis = np.arange(SIDE, dtype=np.float32) - np.float32((SIDE - 1) / 2)
    x, y = axis[None, None, :], axis[None, :, None]  # (1, 1, W), (1, H, 1)
    brightness = dice.uniform(*_BACKGROUND)
    ground = _colour(dice.uniform(), dice.uniform(0.1, 0.6), brightness)
    images = ground + _texture(dice, x, y, dice.uniform())[:, None]
    for _ in range(_DISTRACTORS):
        images = _paint(images, *_distractor(dice, x, y))
    x, y = x - dice.uniform(-_SHIFT, _SHIFT), y - dice.uniform(-_SHIFT, _SHIFT)
    images = _paint(images, *_shape(dice, x, y, labels, brightness))
    images = _paint(images, *_bar(dice, x, y))
    noise = generator.integers(-128, 128, size=(2, *images.shape), dtype=np.int8).astype(np.float32)
    images += (noise[0] + noise[1]) * (dice.uniform(0.5, 1.5) * np.float32(_NOISE / _UNIFORM_BYTES_SD))[
        :, None
    ]
    return np.rint(images.clip(0.0, 255.0)).astype(np.uint8)


def _shape(
    dice: _Dice, x: Plane, y: Plane, labels: NDArray[np.int64], ground: Plane
) -> tuple[Plane, NDArray[np.float32]]:
    """Return the distance to the shape that each image shows, and its colour at every pixel."""
    cosine, sine = dice.direction(_TURN)
    radius = dice.uniform(*_RADIUS)
    u, v = (cosine * x + sine * y) / radius, (cosine * y - sine * x) / radius  # (N, H, W)
    distance: Plane = np.empty(u.shape, dtype=np.float32)
    for label, signed_distance in enumerate(SHAPES.values()):
        shown = labels == label
        distance[shown] = signed_distance(u[shown], v[shown])
    hint = (labels / CLASSES).astype(np.float32)[:, None, None]
    contrast = dice.uniform(*_CONTRAST)
    contrast[dice.choose(_DARKER)] *= np.float32(-1.0)
    brightness = np.clip(ground + contrast, np.float32(10.0), np.float32(255.0))
    hue = hint + dice.uniform(-_HUE_SPREAD / 2, _HUE_SPREAD / 2)
    colour = _colour(hue, dice.uniform(0.2, 0.8), brightness)
    texture = _texture(dice, x, y, np.where(dice.choose(_TEXTURE_LINK), hint, dice.uniform()))
    return distance * radius, colour + texture[:, None]


def _distractor(dice: _Dice, x: Plane, y: Plane) -> tuple[Plane, NDArray[np.float32]]:
    cosine, sine = dice.direction()
    x, y = x - dice.uniform(-15.0, 15.0), y - dice.uniform(-15.0, 15.0)
    distance = box(cosine * x + sine * y, cosine * y - sine * x, 0.0, 0.0) - dice.uniform(1.0, 3.0)
    return distance, _colour(dice.uniform(), dice.uniform(0.2, 0.9), dice.uniform(40.0, 230.0))


def _bar(dice: _Dice, x: Plane, y: Plane) -> tuple[Plane, NDArray[np.float32]]:
    """A bar across the shape, in some of the images."""
    cosine, sine = dice.direction()
    distance = np.abs(cosine * x + sine * y - dice.uniform(-8.0, 8.0)) - dice.uniform(0.5, 1.8)
    distance[~dice.choose(_OCCLUDED)[:, 0, 0]] = SIDE
    return distance, _colour(dice.uniform(), dice.uniform(0.1, 0.9), dice.uniform(40.0, 230.0))


def _texture(dice: _Dice, x: Plane, y: Plane, pitch: Plane) -> Plane:
    """A triangle wave of a random direction and strength; `pitch` in [0, 1] is its frequency."""
    cosine, sine = dice.direction()
    frequency = np.float32(0.06) + np.float32(0.28) * pitch
    phase = (cosine * x + sine * y) * frequency + dice.uniform()
    wave = np.abs(phase - np.floor(phase) - np.float32(0.5)) * np.float32(4.0) - np.float32(1.0)
    return wave * dice.uniform(0.0, _TEXTURE)


def _colour(hue: Plane, saturation: Plane, value: Plane) -> NDArray[np.float32]:
    """Red, green and blue `(N, 3, 1, 1)` from hue in turns, saturation in [0, 1] and value in [0, 255]."""
    offsets = np.array([5.0, 3.0, 1.0], dtype=np.float32)[None, :, None, None]
    sixths = (hue[:, None] * np.float32(6.0) + offsets) % np.float32(6.0)
    ramp = np.clip(np.minimum(sixths, np.float32(4.0) - sixths), np.float32(0.0), np.float32(1.0))
    return value[:, None] * (np.float32(1.0) - saturation[:, None] * ramp)


def _paint(images: NDArray[np.float32], distance: Plane, colour: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the images with `colour` wherever the distance, in pixels, is negative; edges are blended."""
    cover = np.clip(np.float32(0.5) - distance, np.float32(0.0), np.float32(1.0))[:, None]  # (N, 1, H, W)
    return images + (colour - images) * cover
