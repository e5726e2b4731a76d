"""The tasks `digits` and `digits-clean`, made from the handwritten digits that scikit-learn ships.

This module does *not* draw digits of its own; `adddigits` builds on these.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.generated.dice import dice
from evaluator.tasks.task import Examples, Splits

_SPLIT_SEED = 20240117
_VAL_ORIGINALS, _TEST_ORIGINALS = 348, 349
_RENDERINGS = 3
_NOISE = 0.15
_SIDE, _CANVAS = 8, 12


def clean_digits() -> Splits:
    """Scikit-learn's 1,797 digits, 8x8, once each (UCI Optical Recognition of Handwritten Digits)."""
    data, labels = _shipped_digits()
    images = np.rint(data.reshape(-1, 1, _SIDE, _SIDE) * (255.0 / 16.0)).astype(np.uint8)
    order = np.random.Generator(np.random.PCG64(_SPLIT_SEED)).permutation(len(labels))
    borders = [len(order) - _VAL_ORIGINALS - _TEST_ORIGINALS, len(order) - _TEST_ORIGINALS]
    train, val, test = (Examples(images[part], labels[part]) for part in np.split(order, borders))
    return Splits(train, val, test)


def shifted_digits(task_seed: int = 0) -> Splits:
    """The same digits at random places of a noisy 12x12 canvas.

    There are three renderings of each training digit and one of every other. The split is by original, so no
    rendering of a validation or test digit is ever trained on. The shifts make digits hard enough for
    one epoch to rank architectures.

    Args:
        task_seed: Decides places and noise, not which digit is in which split.
    """
    clean = clean_digits()
    parts = ((clean.train, _RENDERINGS), (clean.val, 1), (clean.test, 1))
    train, val, test = (
        _render(split, times, dice(_SPLIT_SEED, stream, task_seed=task_seed))
        for stream, (split, times) in enumerate(parts, start=1)
    )
    return Splits(train, val, test)


def _shipped_digits() -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what `sklearn.datasets.load_digits(return_X_y=True)` does, `(1797, 64)` and `(1797,)`.

    Its file is read without it: SciPy and pandas, which it imports, would take longer than all the rest of a
    command's start.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("scikit-learn is not installed", name="sklearn")
    with gzip.open(Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz") as file:
        rows = np.loadtxt(file, delimiter=",")
    return rows[:, :-1], rows[:, -1].astype(np.int64)


def _render(split: Examples, times: int, generator: np.random.Generator) -> Examples:
    originals = np.repeat(split.inputs, times, axis=0)  # (N * times, 1, 8, 8)
    canvas = np.zeros((len(originals), 1, _CANVAS, _CANVAS))
    offsets = generator.integers(0, _CANVAS - _SIDE + 1, size=(len(originals), 2))
    for index, (top, left) in enumerate(offsets):
        canvas[index, :, top : top + _SIDE, left : left + _SIDE] = originals[index]
    canvas += generator.normal(0.0, _NOISE * 255.0, size=canvas.shape)
    images = np.rint(canvas.clip(0.0, 255.0)).astype(np.uint8)
    return Examples(images, np.repeat(split.targets, times))
