"""What pictures of shapes are painted with: ground, shapes, clutter and noise, many images at once.

All arithmetic is elementwise and such as IEEE 754 rounds exactly, so every machine paints the same bytes.
This module does *not* decide what an image shows: `texshapes` and `scenes` do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.generated.shapes import Distance, Plane, box

SIDE = 32

Colours = NDArray[np.float32]
"""Red, green and blue from 0 to 255, `(N, 3, H, W)` or what broadcasts to it."""

_STEPS_OF_A_TURN = 1024
_COSINE = (
    np.rint(np.cos(np.arange(_STEPS_OF_A_TURN) * (2 * np.pi / _STEPS_OF_A_TURN)) * 4096) / 4096
).astype(np.float32)
"""Rounded to 12 bits: the last bit of a cosine differs between machines."""


_TURN = 0.18
_HUE_SPREAD = 0.6
_TEXTURE = 10.0
_TEXTURE_LINK = 0.35
_OCCLUDED = 0.4
_NOISE = 5.0
_UNIFORM_BYTES_SD = 104.5  # of the sum of two numbers drawn evenly from -128 to 127


class Dice:
    """Random numbers for `count` images at once, each `(N, 1, 1)` in float32."""

    def __init__(self, generator: np.random.Generator, count: int) -> None:
        self.generator, self.count = generator, count

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Plane:
        """Return numbers between `low` and `high`."""
        numbers = low + (high - low) * self.generator.random(self.count)
        return numbers.astype(np.float32)[:, None, None]

    def choose(self, probability: float) -> NDArray[np.bool_]:
        """Return whether each image is one of those of which there are so many, as a share."""
        return self.generator.random(self.count)[:, None, None] < probability

    def direction(self, turn: float = 1.0) -> tuple[Plane, Plane]:
        """Return cosine and sine of an angle within a `turn` around 0."""
        steps = np.rint((self.generator.random(self.count) - 0.5) * (turn * _STEPS_OF_A_TURN)).astype(
            np.int64
        )
        sine = _COSINE[(steps - _STEPS_OF_A_TURN // 4) % _STEPS_OF_A_TURN]
        return _COSINE[steps % _STEPS_OF_A_TURN][:, None, None], sine[:, None, None]


def axes() -> tuple[Plane, Plane]:
    """Return x `(1, 1, W)` and y `(1, H, 1)` of the pixels, in pixels from the middle."""
    axis = np.arange(SIDE, dtype=np.float32) - np.float32((SIDE - 1) / 2)
    return axis[None, None, :], axis[None, :, None]


def ground(dice: Dice, brightness: tuple[float, float], distractors: int) -> tuple[Colours, Plane]:
    """Return images `(N, 3, H, W)` of a textured background with small distractors, and its brightness.

    Args:
        dice: The chance of each image.
        brightness: From the darkest to the brightest, of 255.
        distractors: How many there are.
    """
    x, y = axes()
    value = dice.uniform(*brightness)
    plain = _colour(dice.uniform(), dice.uniform(0.1, 0.6), value)
    images = plain + _texture(dice, x, y, dice.uniform())[:, None]
    for _ in range(distractors):
        images = painted(images, *_distractor(dice, x, y))
    return images, value


def shape(
    dice: Dice,
    x: Plane,
    y: Plane,
    labels: NDArray[np.int64],
    brightness: Plane,
    hint: Plane,
    *,
    shapes: Sequence[Distance],
    radius: tuple[float, float],
    contrast: tuple[float, float],
    darker: float,
) -> tuple[Plane, Colours]:
    """Return the distance in pixels to the shape that each image shows, and its colour at every pixel.

    Args:
        dice: The chance of each image.
        x: Distance of each pixel from the shape's middle, to the right.
        y: The same downwards.
        labels: Which of `shapes`, `(N,)`; -1 for none, from which every pixel is far away.
        brightness: That of the background.
        hint: Number in [0, 1] that hue and texture go by, weakly.
        shapes: What there is to show.
        radius: From the smallest to the largest, in pixels.
        contrast: Difference of its brightness from the background's, from the least to the most.
        darker: Share of shapes that are darker than the background, the others are brighter.
    """
    cosine, sine = dice.direction(_TURN)
    scale = dice.uniform(*radius)
    u, v = (cosine * x + sine * y) / scale, (cosine * y - sine * x) / scale  # (N, H, W)
    distance: Plane = np.full(u.shape, SIDE, dtype=np.float32)
    for label, signed_distance in enumerate(shapes):
        shown = labels == label
        distance[shown] = signed_distance(u[shown], v[shown])
    difference = dice.uniform(*contrast)
    difference[dice.choose(darker)] *= np.float32(-1.0)
    value = np.clip(brightness + difference, np.float32(10.0), np.float32(255.0))
    hue = hint + dice.uniform(-_HUE_SPREAD / 2, _HUE_SPREAD / 2)
    colour = _colour(hue, dice.uniform(0.2, 0.8), value)
    texture = _texture(dice, x, y, np.where(dice.choose(_TEXTURE_LINK), hint, dice.uniform()))
    return distance * scale, colour + texture[:, None]


def _distractor(dice: Dice, x: Plane, y: Plane) -> tuple[Plane, Colours]:
    cosine, sine = dice.direction()
    x, y = x - dice.uniform(-15.0, 15.0), y - dice.uniform(-15.0, 15.0)
    distance = box(cosine * x + sine * y, cosine * y - sine * x, 0.0, 0.0) - dice.uniform(1.0, 3.0)
    return distance, _colour(dice.uniform(), dice.uniform(0.2, 0.9), dice.uniform(40.0, 230.0))


def bar(dice: Dice, x: Plane, y: Plane) -> tuple[Plane, Colours]:
    """Return the distance to a bar across the middle, in some of the images, and its colour."""
    cosine, sine = dice.direction()
    distance = np.abs(cosine * x + sine * y - dice.uniform(-8.0, 8.0)) - dice.uniform(0.5, 1.8)
    distance[~dice.choose(_OCCLUDED)[:, 0, 0]] = SIDE
    return distance, _colour(dice.uniform(), dice.uniform(0.1, 0.9), dice.uniform(40.0, 230.0))


def _texture(dice: Dice, x: Plane, y: Plane, pitch: Plane) -> Plane:
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


def painted(images: Colours, distance: Plane, colour: Colours) -> Colours:
    """Return the images with `colour` wherever the distance, in pixels, is negative; edges are blended."""
    cover = np.clip(np.float32(0.5) - distance, np.float32(0.0), np.float32(1.0))[:, None]  # (N, 1, H, W)
    return images + (colour - images) * cover


def noisy(images: Colours, dice: Dice) -> NDArray[np.uint8]:
    """Return the images as bytes, with noise of a strength of each image's own. `images` are changed."""
    noise = dice.generator.integers(-128, 128, size=(2, *images.shape), dtype=np.int8).astype(np.float32)
    strength = dice.uniform(0.5, 1.5) * np.float32(_NOISE / _UNIFORM_BYTES_SD)
    images += (noise[0] + noise[1]) * strength[:, None]
    return np.rint(images.clip(0.0, 255.0)).astype(np.uint8)
