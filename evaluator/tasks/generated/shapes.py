"""Signed distances of the ten shapes of `texshapes`, in the shape's own coordinates.

A shape fills about the unit square around the origin; distances are negative inside and exact enough near
the outline to be anti-aliased. Only operations that IEEE 754 rounds exactly are used (no sine, no BLAS), so
that every machine draws the same pixels.

This module does *not* place, colour or rasterise anything.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""Coordinates or distances `(N, H, W)`."""

Distance = Callable[[Plane, Plane], Plane]
"""From x and y, each about [-1, 1] inside a shape, to the signed distance."""

_PENTAGON = (
    (0.0, 1.0),
    (0.951056516, 0.309016994),
    (0.587785252, -0.809016994),
    (-0.587785252, -0.809016994),
    (-0.951056516, 0.309016994),
)
"""Outward normals of a regular pentagon's sides."""


def box(x: Plane, y: Plane, width: float, height: float) -> Plane:
    """Rectangle with the given half sides."""
    return np.maximum(np.abs(x) - np.float32(width), np.abs(y) - np.float32(height))


def disc(x: Plane, y: Plane, radius: float = 0.88) -> Plane:
    """Disc around the origin."""
    return np.sqrt(x * x + y * y) - np.float32(radius)


def _square(x: Plane, y: Plane) -> Plane:
    return box(x, y, 0.76, 0.76)


def _triangle(x: Plane, y: Plane) -> Plane:
    slanted = np.float32(0.866025404) * np.abs(x) - np.float32(0.5) * y
    return np.maximum(slanted, y) - np.float32(0.55)


def _ring(x: Plane, y: Plane) -> Plane:
    return np.abs(disc(x, y, 0.68)) - np.float32(0.2)


def _cross(x: Plane, y: Plane) -> Plane:
    return np.minimum(box(x, y, 0.95, 0.28), box(x, y, 0.28, 0.95))


def _star(x: Plane, y: Plane) -> Plane:
    """Five points: what lies within four of the five half-planes of a pentagon, so the second largest."""
    largest = second = np.full_like(x, -np.inf)
    for normal_x, normal_y in _PENTAGON:
        distance = np.float32(normal_x) * x + np.float32(normal_y) * y
        second = np.maximum(second, np.minimum(largest, distance))
        largest = np.maximum(largest, distance)
    return second - np.float32(0.31)


def _crescent(x: Plane, y: Plane) -> Plane:
    return np.maximum(disc(x, y, 0.9), -disc(x - np.float32(0.45), y, 0.72))


def _angle(x: Plane, y: Plane) -> Plane:
    upright = box(x + np.float32(0.55), y, 0.28, 0.9)
    return np.minimum(upright, box(x, y - np.float32(0.62), 0.83, 0.28))


def _frame(x: Plane, y: Plane) -> Plane:
    return np.abs(box(x, y, 0.6, 0.6)) - np.float32(0.19)


def _hourglass(x: Plane, y: Plane) -> Plane:
    slanted = np.float32(0.8) * np.abs(x) - np.float32(0.6) * np.abs(y) - np.float32(0.06)
    return np.maximum(slanted, np.abs(y) - np.float32(0.85))


SHAPES: dict[str, Distance] = {
    "disc": disc,
    "square": _square,
    "triangle": _triangle,
    "ring": _ring,
    "cross": _cross,
    "star": _star,
    "crescent": _crescent,
    "angle": _angle,
    "frame": _frame,
    "hourglass": _hourglass,
}
"""The classes in the order of their ids."""
