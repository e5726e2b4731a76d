"""A task in a few words: what goes in, what comes out, by what it is judged.

The words of a metric stand at `Metric`. This module does *not* print.
"""

from __future__ import annotations

from collections.abc import Iterable

from corpus.records.tasks.shape import TaskShape


def described(shape: TaskShape) -> str:
    """Return what a task asks for: `1x12x12 images, 10 classes`; of another kind its shapes and metric."""
    if shape.plain:
        return f"{by(shape.input_shape)} images, {shape.classes} classes"
    inputs = f"{by(shape.input_shape)} {'signals' if shape.signal else 'inputs'}"
    return f"{shape.kind}, {inputs}, {by(shape.output_shape)} answers, {shape.kind.metric.heading}"


def by(sizes: Iterable[int]) -> str:
    """Return a shape as people write it: `3x32x32`."""
    return "x".join(map(str, sizes))
