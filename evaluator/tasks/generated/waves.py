"""The task `waves`: four waveforms in two bands of frequency, under noise, as signals of 256 steps.

A signal is one of sine, triangle, square and sawtooth (which rises), with 4 to 8 periods or 10 to 20, at a
random phase, amplitude and offset, and noise about as strong as the wave. Phase and period differ from signal
to signal, so that the mean of a class is nearly flat and a linear model has little to go by.

All arithmetic is elementwise and such as IEEE 754 rounds exactly, so every machine draws the same bytes. This
module does *not* filter or window anything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.cache import drawn
from evaluator.tasks.generated.dice import dice
from evaluator.tasks.task import Examples, Splits

LENGTH = 256
FORMS = ("sine", "triangle", "square", "sawtooth")
BANDS = ((4.0, 8.0), (10.0, 20.0))
"""Fewest and most periods of a signal."""
CLASSES = len(FORMS) * len(BANDS)
COUNTS = (4_000, 1_000, 1_000)

_SEED = 20251201
_STEPS_OF_A_PERIOD = 4096
_SINE = np.rint(np.sin(np.arange(_STEPS_OF_A_PERIOD) * (2 * np.pi / _STEPS_OF_A_PERIOD)) * 4096) / 4096
"""Rounded to 12 bits: the last bit of a sine differs between machines."""
_AMPLITUDE = (0.6, 1.4)
_OFFSET = 0.5
_NOISE = 0.7
_UNIFORM_BYTES_SD = 104.5  # of the sum of two numbers drawn evenly from -128 to 127


def waves(task_seed: int = 0) -> Splits:
    """Return the splits: signals float32 `(N, 1, 256)`, class ids of form and band."""

    def draw(count: int, index: int) -> Examples:
        return draw_waves(count, (index,), task_seed)

    return drawn("waves-v1", "1134b196707e", COUNTS, draw, task_seed)


def draw_waves(count: int, stream: tuple[int, ...], task_seed: int = 0) -> Examples:
    """Return signals, as many of each class as of any other: class `form * 2 + band`."""
    generator = dice(_SEED, *stream, task_seed=task_seed)
    labels = generator.permutation(np.arange(count, dtype=np.int64) % CLASSES)
    low, high = np.array(BANDS)[labels % len(BANDS)].T
    periods = low + (high - low) * generator.random(count)
    phase = periods[:, None] * (np.arange(LENGTH) / LENGTH) + generator.random(count)[:, None]
    phase -= np.floor(phase)  # (N, L) in [0, 1)
    signals = np.empty((count, LENGTH))
    for number, form in enumerate(FORMS):
        shown = labels // len(BANDS) == number
        signals[shown] = _wave(form, phase[shown])
    smallest, largest = _AMPLITUDE
    signals *= (smallest + (largest - smallest) * generator.random(count))[:, None]
    signals += (_OFFSET * (2.0 * generator.random(count) - 1.0))[:, None]
    noise = generator.integers(-128, 128, size=(2, count, LENGTH), dtype=np.int8).astype(np.float64)
    signals += (noise[0] + noise[1]) * (_NOISE / _UNIFORM_BYTES_SD)
    return Examples(signals[:, None].astype(np.float32), labels)


def _wave(form: str, phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a wave between -1 and 1 at phases in [0, 1)."""
    if form == "sine":
        return _SINE[(phase * _STEPS_OF_A_PERIOD).astype(np.int64)]
    if form == "triangle":
        return 4.0 * np.abs(phase - 0.5) - 1.0
    if form == "square":
        return np.where(phase < 0.5, 1.0, -1.0)
    return 2.0 * phase - 1.0
