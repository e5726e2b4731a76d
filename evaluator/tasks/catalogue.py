"""Which tasks there are, and how each gets its data.

This module does *not* import numpy: it describes tasks, and imports what loads them only then.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from corpus.records.mistakes import did_you_mean
from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError, UnknownTaskError
from evaluator.tasks.generated.catalogue import SELF_CONTAINED, digits_clean
from evaluator.tasks.places import Layout
from evaluator.tasks.task import Task, TaskSpec

_IMAGES, _OWN_DATA = "images", "own-data"
_OTHER_KIND = f"For other data than labelled images set evaluator.task to {_OWN_DATA}."


def _spec(name: str, shape: tuple[int, int, int, int], description: str) -> TaskSpec:
    channels, height, width, classes = shape
    return TaskSpec(
        name=name,
        version=1,
        shape=TaskShape(channels=channels, height=height, width=width, classes=classes),
        description=description,
    )


_SELF_CONTAINED = SELF_CONTAINED

_FROM_FILES: dict[str, tuple[TaskSpec, Layout]] = {
    spec.name: (dataclasses.replace(spec, from_files=True), layout)
    for spec, layout in (
        (
            _spec("cifar10", (3, 32, 32, 10), "CIFAR-10 from your files: 45,000 / 5,000 / 10,000 images"),
            Layout(("uoft-cs/cifar10", "cifar10"), "plain_text", ("cifar-10-batches-py",), "cifar10"),
        ),
        (
            _spec("cifar100", (3, 32, 32, 100), "CIFAR-100 from your files: 45,000 / 5,000 / 10,000 images"),
            Layout(
                ("uoft-cs/cifar100", "cifar100"), "cifar100", ("cifar-100-python",), "cifar100", "fine_label"
            ),
        ),
        (
            _spec(
                "svhn",
                (3, 32, 32, 10),
                "SVHN's cropped digits from your files: 65,931 / 7,326 / 26,032 images",
            ),
            Layout(("ufldl-stanford/svhn", "svhn"), "cropped_digits", ("svhn", "SVHN"), "svhn"),
        ),
        (
            _spec("mnist", (1, 28, 28, 10), "MNIST from your files: 54,000 / 6,000 / 10,000 images"),
            Layout(("ylecun/mnist", "mnist"), "mnist", ("MNIST/raw", "raw"), "idx"),
        ),
        (
            _spec(
                "fashion-mnist",
                (1, 28, 28, 10),
                "Fashion-MNIST from your files: 54,000 / 6,000 / 10,000 images",
            ),
            Layout(
                ("zalando-datasets/fashion_mnist", "fashion_mnist"),
                "fashion_mnist",
                ("FashionMNIST/raw", "raw"),
                "idx",
                package="dataset-fashion-mnist",
            ),
        ),
    )
}


def task_names() -> list[str]:
    """Return the names of all tasks, the default first."""
    return [*_SELF_CONTAINED, *_FROM_FILES, _IMAGES, _OWN_DATA]


def generated_names() -> list[str]:
    """Return the names of the tasks whose inputs are drawn by chance, and so depend on a task's seed."""
    return [name for name, (_, load) in _SELF_CONTAINED.items() if load is not digits_clean]


def require_task(name: str) -> None:
    """Do nothing if there is a task `name`.

    Raises:
        UnknownTaskError: There is none; the message lists what there is.
    """
    names = task_names()
    if name not in names:
        hint = did_you_mean(name, names)
        raise UnknownTaskError(f"there is no task '{name}'.{hint} Tasks: {', '.join(names)}.")


def reads_files(name: str) -> bool:
    """Return whether the task `name` is read from the user's own files."""
    require_task(name)
    return name not in _SELF_CONTAINED


def task_spec(name: str, data_path: Path | None = None) -> TaskSpec:
    """Return the description of the task `name` without loading its data.

    Args:
        name: The task. For all but `images` and `own-data`, nothing is looked for on disk.
        data_path: Where the user's files are; None for the usual places.

    Raises:
        UnknownTaskError: There is no such task.
        TaskDataError: The task's shape is that of files, and they are not there, or of another kind.
    """
    require_task(name)
    if name in _SELF_CONTAINED:
        return _SELF_CONTAINED[name][0]
    if name in _FROM_FILES:
        return _FROM_FILES[name][0]
    from evaluator.tasks.files import find_source

    found = find_source(name, Layout(), data_path)
    shape = found.source.shape()
    description = "labelled images of your own" if name == _IMAGES else f"{shape.kind} data of your own"
    if name == _IMAGES and not shape.plain:
        raise TaskDataError(found.place, f"it holds {shape.kind} data, no labelled images", _OTHER_KIND)
    return TaskSpec(name=name, version=1, shape=shape, description=description, from_files=True)


def find_data(name: str, data_path: Path | None = None) -> Path | None:
    """Return where the files of the task `name` are; None if it needs none. Nothing is read yet.

    Raises:
        UnknownTaskError: There is no such task.
        TaskDataError: There are no files; the message lists where they were looked for, and what would do.
    """
    if not reads_files(name):
        return None
    from evaluator.tasks.files import find_source

    return find_source(name, _layout(name), data_path).place


def load_task(
    name: str, data_path: Path | None = None, *, task_seed: int = 0, train_images: int | None = None
) -> Task:
    """Return the task `name` with its data.

    A task that needs no files has the same arrays on every call and every machine; one that reads files has a
    fingerprint of them in its description.

    Args:
        name: The task.
        data_path: Where the user's files are; None for the usual places. Ignored by tasks that need none.
        task_seed: Seeds the inputs of a generated task, 0 for the public ones; ignored by all others.
        train_images: How many inputs to train on, drawn once and for all; None for all of them.

    Raises:
        UnknownTaskError: There is no such task.
        TaskDataError: The files are missing, broken, or hold something else, or there are fewer images.
    """
    from evaluator.tasks.baseline import baseline
    from evaluator.tasks.statistics import channel_statistics, fingerprint
    from evaluator.tasks.subset import learning_from

    spec = task_spec(name, data_path)
    if name in _SELF_CONTAINED:
        splits = _SELF_CONTAINED[name][1](task_seed)
    else:
        from evaluator.tasks.files import find_source, read_splits

        found = find_source(name, _layout(name), data_path)
        splits = read_splits(found, spec.shape)
        if name != _OWN_DATA and splits.train.inputs.dtype != "uint8":
            raise TaskDataError(found.place, "its images are numbers", f"Store them as uint8. {_OTHER_KIND}")
        spec = dataclasses.replace(spec, fingerprint=fingerprint(splits))
    splits = learning_from(splits, train_images, name)
    mean, std = channel_statistics(splits.train.inputs)
    spec = dataclasses.replace(spec, baseline=baseline(spec.shape.kind, splits.train, splits.val))
    return Task(spec=spec, train=splits.train, val=splits.val, mean=mean, std=std, _test=splits.test)


def _layout(name: str) -> Layout:
    return _FROM_FILES[name][1] if name in _FROM_FILES else Layout()
