"""Small tasks of every kind, built from arrays: what a target says is seen in the input.

Each has 96, 64 and 48 examples of 8x8 positions or 32 steps, with three classes, labels or one number; a
small network learns it in a few passes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.metrics import score
from evaluator.tasks import Examples, Task, TaskSpec

SIZES = 96, 64, 48
_BENIGN = Path(__file__).parent / "benign"


def program_for_any_kind(layers: Literal["cnn", "mlp"]) -> str:
    """Return a benign program that looks at its shapes, and takes the loss of the task."""
    return (_BENIGN / f"any_kind_{layers}.py").read_text()


def shape_of(kind: TaskKind, *, signal: bool = False) -> TaskShape:
    height, width = (1, 32) if signal else (8, 8)
    classes = 1 if kind is TaskKind.REGRESSION else 3
    return TaskShape(channels=2, height=height, width=width, classes=classes, kind=kind, signal=signal)


def task_by_hand(kind: TaskKind, *, signal: bool = False) -> Task:
    """Return a task of a kind: images of uint8, signals and fields of regression of float32."""
    shape = shape_of(kind, signal=signal)
    rng = np.random.default_rng(list(TaskKind).index(kind))
    train, val, test = (_examples(rng, count, shape) for count in SIZES)
    white = 255.0 if train.inputs.dtype == np.uint8 else 1.0
    axes = (0, *range(2, train.inputs.ndim))
    spec = TaskSpec(
        name=f"{'signal-' if signal else ''}{kind}",
        version=1,
        shape=shape,
        description="by hand",
        baseline=constant_score(kind, train.targets, val.targets),
    )
    return Task(
        spec=spec,
        train=train,
        val=val,
        mean=tuple(float(each) for each in train.inputs.mean(axes) / white),
        std=tuple(float(each) for each in train.inputs.std(axes) / white),
        _test=test,
    )


def constant_score(kind: TaskKind, train: NDArray, val: NDArray) -> float | None:  # type: ignore[type-arg]
    """Return the score on `val` of one answer to everything, that `train` suggests; None for single-label."""
    if kind is TaskKind.SINGLE_LABEL:
        return None
    if kind is TaskKind.SEGMENTATION:
        return score(kind, np.full_like(val, np.bincount(train.reshape(-1)).argmax()), val)
    return score(kind, np.broadcast_to(train.mean(0), val.shape), val)


def _examples(rng: np.random.Generator, count: int, shape: TaskShape) -> Examples:
    """Return inputs whose first channel shows the target, and whose second is noise."""
    blocks = _blocks(rng, count, shape)  # (N, *positions), 0 to 2
    kind, noise = shape.kind, rng.normal(size=(count, 2, *shape.positions))
    if kind is TaskKind.SINGLE_LABEL:
        targets = rng.integers(0, 3, count)
        shown = np.broadcast_to(targets.reshape(-1, *(1 for _ in shape.positions)), blocks.shape)
    elif kind is TaskKind.MULTI_LABEL:
        targets = (rng.random((count, 3)) < 0.4).astype(np.float32)
        shown = np.zeros(blocks.shape)
        for label in range(3):  # each has a stretch of its own along the last axis
            stretch = slice(label * shape.width // 3, (label + 1) * shape.width // 3)
            shown[..., stretch] = 2 * targets[:, label].reshape(-1, *(1 for _ in shape.positions))
    elif kind is TaskKind.SEGMENTATION:
        targets, shown = blocks, blocks
    else:
        shown = blocks + 0.3 * noise[:, 0]
        smooth = (np.roll(shown, 1, -1) + shown + np.roll(shown, -1, -1)) / 3.0
        targets = (7.0 * smooth + 3.0)[:, None].astype(np.float32)  # (N, 1, *positions)
    inputs = noise * 0.2
    inputs[:, 0] += shown
    if shape.signal or kind is TaskKind.REGRESSION:
        return Examples((5.0 * inputs - 2.0).astype(np.float32), targets)
    return Examples(np.clip(40 + 60 * inputs, 0, 255).astype(np.uint8), targets)


def _blocks(rng: np.random.Generator, count: int, shape: TaskShape) -> NDArray[np.int64]:
    """Return classes `(N, *positions)`, of which neighbours are often alike."""
    coarse = rng.integers(0, 3, (count, *(each // 4 for each in shape.positions)))
    for axis in range(1, coarse.ndim):
        coarse = coarse.repeat(4, axis)
    return coarse
