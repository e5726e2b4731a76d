"""The tasks that programs are trained on: inputs, targets, and a split that selection cannot overstep.

    digits, digits-clean     scikit-learn's digits, shifted on a noisy canvas and as they are
    adddigits                three of them in the colour channels; the class is their sum
    texshapes                shapes among clutter, 32x32x3, generated: 50,000 images to train on
    shapes-labels            several shapes in an image; which of them are there
    shapes-masks             the same; which of them is at each pixel
    darcy                    flow through a porous medium: a number at each cell
    waves                    signals: waveform and frequency band
    motifs                   signals: which motifs a sequence of letters holds
    cifar10, cifar100, svhn, mnist, fashion-mnist     from the user's own files
    images                   any other labelled images of the user's own
    own-data                 the user's own files of any kind: images, fields or signals, and their targets

Modules: start at `catalogue`.

    catalogue   which tasks there are, and how each is loaded
    task        what a task is: description, splits, data
    generated   the tasks that are drawn, and how
    files       tasks from the user's own files
    places      where such files may lie
    formats     the formats that they may have
    resizing    images of another size
    subset      fewer inputs to train on
    statistics  the channels' statistics and the content's fingerprint
    baseline    what answers are worth that do not look at the input
    cache       generated splits on disk

A `Task` holds train and val openly; the test split comes only out of `read_test`, which the final wave calls
once. Inputs are uint8 `(N, C, H, W)`, which the protocol normalises as `(image / 255 - mean) / std` with the
training split's statistics, or float32, as `(number - mean) / std`.

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
