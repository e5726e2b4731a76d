"""Which tasks need no files, what they are, and how each is drawn.

This module does *not* import numpy: it imports what draws a task only when the task is loaded.
"""

from __future__ import annotations

from collections.abc import Callable

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.tasks.task import Splits, TaskSpec


def _digits(task_seed: int) -> Splits:
    from evaluator.tasks.generated.digits import shifted_digits

    return shifted_digits(task_seed)


def digits_clean(_task_seed: int) -> Splits:
    """Return scikit-learn's digits as they are, whatever the seed."""
    from evaluator.tasks.generated.digits import clean_digits

    return clean_digits()


def _adddigits(task_seed: int) -> Splits:
    from evaluator.tasks.generated.adddigits import added_digits

    return added_digits(task_seed)


def _texshapes(task_seed: int) -> Splits:
    from evaluator.tasks.generated.texshapes import texshapes

    return texshapes("texshapes-v1", task_seed)


def _texshapes_5k(task_seed: int) -> Splits:
    from evaluator.tasks.generated.texshapes import texshapes

    return texshapes("texshapes-5k-v1", task_seed)


def _shapes_labels(task_seed: int) -> Splits:
    from evaluator.tasks.generated.scenes import shapes_labels

    return shapes_labels(task_seed)


def _shapes_masks(task_seed: int) -> Splits:
    from evaluator.tasks.generated.scenes import shapes_masks

    return shapes_masks(task_seed)


def _darcy(task_seed: int) -> Splits:
    from evaluator.tasks.generated.darcy import darcy

    return darcy(task_seed)


def _waves(task_seed: int) -> Splits:
    from evaluator.tasks.generated.waves import waves

    return waves(task_seed)


def _motifs(task_seed: int) -> Splits:
    from evaluator.tasks.generated.motifs import motifs

    return motifs(task_seed)


def _images(
    name: str, form: tuple[int, int, int, int], description: str, kind: TaskKind = TaskKind.SINGLE_LABEL
) -> TaskSpec:
    """Describe a task of images or fields with so many channels, rows, columns and classes."""
    channels, height, width, classes = form
    shape = TaskShape(channels=channels, height=height, width=width, classes=classes, kind=kind)
    return TaskSpec(name=name, version=1, shape=shape, description=description)


def _signals(
    name: str, form: tuple[int, int, int], description: str, kind: TaskKind = TaskKind.SINGLE_LABEL
) -> TaskSpec:
    """Describe a task of signals with so many channels, steps and classes."""
    channels, length, classes = form
    shape = TaskShape(channels=channels, height=1, width=length, classes=classes, kind=kind, signal=True)
    return TaskSpec(name=name, version=1, shape=shape, description=description)


_TASKS: tuple[tuple[TaskSpec, Callable[[int], Splits]], ...] = (
    (
        _images(
            "digits",
            (1, 12, 12, 10),
            "handwritten digits, shifted on a noisy 12x12 canvas: 3,300 / 348 / 349 images",
        ),
        _digits,
    ),
    (
        _images(
            "digits-clean",
            (1, 8, 8, 10),
            "the same handwritten digits as they are, 8x8: 1,100 / 348 / 349 images",
        ),
        digits_clean,
    ),
    (
        _images(
            "adddigits",
            (3, 8, 8, 20),
            "a digit in each colour channel, to be added, 8x8: 45,000 / 5,000 / 5,000 images",
        ),
        _adddigits,
    ),
    (
        _images(
            "texshapes",
            (3, 32, 32, 10),
            "shapes among clutter, generated, 32x32: 50,000 / 5,000 / 5,000 images",
        ),
        _texshapes,
    ),
    (
        _images(
            "texshapes-5k",
            (3, 32, 32, 10),
            "fewer images of the same kind as texshapes: 5,000 / 1,000 / 1,000",
        ),
        _texshapes_5k,
    ),
    (
        _images(
            "shapes-labels",
            (3, 32, 32, 4),
            "which of four shapes are there, generated, 32x32: 5,000 / 1,000 / 1,000 images",
            TaskKind.MULTI_LABEL,
        ),
        _shapes_labels,
    ),
    (
        _images(
            "shapes-masks",
            (3, 32, 32, 5),
            "background or one of four shapes at each pixel, generated, 32x32: 4,000 / 1,000 / 1,000 images",
            TaskKind.SEGMENTATION,
        ),
        _shapes_masks,
    ),
    (
        _images(
            "darcy",
            (1, 32, 32, 1),
            "pressure of a flow through a porous medium, solved, 32x32: 2,000 / 500 / 500 fields",
            TaskKind.REGRESSION,
        ),
        _darcy,
    ),
    (
        _signals(
            "waves",
            (1, 256, 8),
            "waveform and frequency band under noise, generated, 256 steps: 4,000 / 1,000 / 1,000 signals",
        ),
        _waves,
    ),
    (
        _signals(
            "motifs",
            (4, 256, 4),
            "which of four motifs a sequence holds, generated, 256 letters: 5,000 / 1,000 / 1,000 sequences",
            TaskKind.MULTI_LABEL,
        ),
        _motifs,
    ),
)

SELF_CONTAINED: dict[str, tuple[TaskSpec, Callable[[int], Splits]]] = {
    spec.name: (spec, load) for spec, load in _TASKS
}
"""Description and loader of each, by its name; a loader takes the task's seed."""
