"""The tasks that programs are trained on: images, labels, and a split that selection cannot overstep.

    digits, digits-clean     scikit-learn's digits, shifted on a noisy canvas and as they are
    adddigits                three of them in the colour channels; the class is their sum
    texshapes                shapes among clutter, 32x32x3, generated: 50,000 images to train on
    cifar10, cifar100, svhn, mnist, fashion-mnist     from the user's own files
    images                   any other labelled images of the user's own

Modules: start at `catalogue`.

    catalogue   which tasks there are, and how each is loaded
    task        what a task is: description, splits, data
    files       tasks from the user's own files
    places      where such files may lie
    formats     the formats that they may have
    digits      the two tasks of scikit-learn's digits
    shapes      the shapes that texshapes draws
    resizing    images of another size
    subset      fewer images to train on
    statistics  the channels' statistics and the content's fingerprint
    dice        the chance of generated tasks, public or under a private seed
    cache       generated splits on disk

A `Task` holds train and val openly; the test split comes only out of `read_test`, which the final wave calls
once. Images are uint8 `(N, C, H, W)`; the protocol normalises them as `(image / 255 - mean) / std` with the
training split's statistics.

This package does *not* download anything, and imports numpy and scikit-learn only when a task is loaded.
"""

from evaluator.tasks.catalogue import (
    find_data,
    generated_names,
    load_task,
    reads_files,
    require_task,
    task_names,
    task_spec,
)
from evaluator.tasks.resizing import resized
from evaluator.tasks.task import Examples, Splits, Task, TaskSpec

__all__ = [
    "Examples",
    "Splits",
    "Task",
    "TaskSpec",
    "find_data",
    "generated_names",
    "load_task",
    "reads_files",
    "require_task",
    "resized",
    "task_names",
    "task_spec",
]
