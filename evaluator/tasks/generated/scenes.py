"""The tasks `shapes-labels` and `shapes-masks`: several of texshapes' shapes in one image, 32x32 in colour.

Each quarter of an image shows a shape or, more often, none; a bar lies across at times, and there is noise. A
shape is darker or brighter than the background with even chances and its colour hints at nothing, so that a
linear model learns next to nothing. The mask of an image holds, for each pixel, 0 or one more than the number
of the shape that lies on top at the pixel's middle; a pixel under the bar is background, since what is seen
there is the bar. Label k is 1 where shape k has a pixel in the mask.

This module does *not* paint (`painting` does), and is as exact, so every machine draws the same bytes.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.cache import drawn
from evaluator.tasks.generated.dice import dice
from evaluator.tasks.generated.painting import SIDE, Dice, axes, bar, ground, noisy, painted, shape
from evaluator.tasks.generated.shapes import SHAPES
from evaluator.tasks.task import Examples, Splits

SHOWN = ("disc", "ring", "cross", "hourglass")
"""The shapes in the order of their labels; in a mask they are the classes from 1 on."""

LABELLED = (5_000, 1_000, 1_000)
MASKED = (4_000, 1_000, 1_000)
"""Images for training, validation and test."""

_SEED = 20251129
_CHUNK_IMAGES = 250
_QUARTER = 8.0
_SHIFT = 2.0
_RADIUS = (6.0, 8.0)
_EMPTY = 0.6
_BACKGROUND = (100.0, 150.0)
_CONTRAST = (60.0, 110.0)
_DARKER = 0.5


def shapes_labels(task_seed: int = 0) -> Splits:
    """Return the splits of `shapes-labels`: images `(N, 3, 32, 32)`, targets float32 `(N, 4)` of 0 and 1."""

    def draw(count: int, index: int) -> Examples:
        return labelled(count, (0, index), task_seed)

    return drawn("shapes-labels-v1", "7daeef3cc3f8", LABELLED, draw, task_seed)


def shapes_masks(task_seed: int = 0) -> Splits:
    """Return the splits of `shapes-masks`: images `(N, 3, 32, 32)`, targets int64 `(N, 32, 32)`, 0 to 4."""

    def draw(count: int, index: int) -> Examples:
        return masked(count, (1, index), task_seed)

    return drawn("shapes-masks-v1", "a7536d58d5ec", MASKED, draw, task_seed)


def labelled(count: int, stream: tuple[int, ...], task_seed: int = 0) -> Examples:
    """Return images, and which shapes each of them shows."""
    scenes = masked(count, stream, task_seed)
    there = [(scenes.targets == number).any(axis=(1, 2)) for number in range(1, 1 + len(SHOWN))]
    return Examples(scenes.inputs, np.stack(there, axis=1).astype(np.float32))  # (N, K)


def masked(count: int, stream: tuple[int, ...], task_seed: int = 0) -> Examples:
    """Return images with their masks; equal streams give equal ones."""
    generator = dice(_SEED, *stream, task_seed=task_seed)
    images = np.empty((count, 3, SIDE, SIDE), dtype=np.uint8)
    masks = np.empty((count, SIDE, SIDE), dtype=np.int64)
    for start in range(0, count, _CHUNK_IMAGES):
        part = slice(start, start + _CHUNK_IMAGES)
        images[part], masks[part] = _scenes(Dice(generator, len(images[part])))
    return Examples(images, masks)


def _scenes(dice: Dice) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images, brightness = ground(dice, _BACKGROUND, distractors=0)
    masks = np.zeros((dice.count, SIDE, SIDE), dtype=np.int64)
    distances = tuple(SHAPES[name] for name in SHOWN)
    x, y = axes()
    for down, right in itertools.product((-_QUARTER, _QUARTER), repeat=2):
        labels = dice.generator.integers(0, len(SHOWN), size=dice.count)
        labels[dice.choose(_EMPTY)[:, 0, 0]] = -1
        across = x - (np.float32(right) + dice.uniform(-_SHIFT, _SHIFT))
        along = y - (np.float32(down) + dice.uniform(-_SHIFT, _SHIFT))
        hint = dice.uniform()
        distance, colour = shape(
            dice,
            across,
            along,
            labels,
            brightness,
            hint,
            shapes=distances,
            radius=_RADIUS,
            contrast=_CONTRAST,
            darker=_DARKER,
        )
        images = painted(images, distance, colour)
        masks = np.where(distance < 0, 1 + labels[:, None, None], masks)
    distance, colour = bar(dice, x, y)
    masks[distance < 0] = 0
    return noisy(painted(images, distance, colour), dice), masks
