"""What a task and the evaluator's settings must have for each other, checked before anything is started.

This module does *not* look at examples: files of the user are checked where they are read.
"""

from __future__ import annotations

from corpus.records.tasks.kinds import TaskKind
from evaluator.channel.layout import INPUT_BYTES, MOST_CLASSES, names_classes, target_type
from evaluator.config import EvaluatorConfig
from evaluator.errors import TaskDataError
from evaluator.tasks import Examples, Task, TaskSpec


def require_fit(spec: TaskSpec, config: EvaluatorConfig) -> None:
    """Refuse settings that would spoil a task of this kind.

    Raises:
        TaskDataError: Its targets belong to places that `resize` or `flip` would move, or it has signals, or
            more classes than an answer can name.
    """
    shape = spec.shape
    if not shape.of_whole_images:
        why = "its inputs are signals" if shape.signal else "its targets belong to places in the image"
        _refuse_changes(spec, config, why)
    if names_classes(shape.kind) and shape.classes > MOST_CLASSES:
        finding = f"it has {shape.classes:,} classes, an answer can name {MOST_CLASSES:,}"
        raise TaskDataError(_named(spec), finding, "Choose a task with fewer.")


def require_enough(task: Task, config: EvaluatorConfig) -> None:
    """Refuse data on which no program would take a single step, or that the settings cannot change.

    Batches that are not full are left out.

    Raises:
        TaskDataError: There are fewer training examples than a batch has, inputs that are no images are to be
            changed like some, arrays are not as `evaluator.tasks.Examples` has them, or there is no baseline.
    """
    examples = len(task.train)
    if examples < config.batch_size:
        raise TaskDataError(
            _named(task.spec),
            f"{examples} training images are left, a batch has {config.batch_size}",
            "Add images, or lower evaluator.batch_size.",
        )
    if task.spec.baseline is None and task.shape.kind is not TaskKind.SINGLE_LABEL:
        finding = "the score of its best constant answer, which programs have to beat, is not known"
        raise TaskDataError(_named(task.spec), finding, "Set its baseline where the data is loaded.")
    for split in (task.train, task.val):
        _require_arrays(split, task.spec)
    if task.train.inputs.dtype != "uint8":
        _refuse_changes(task.spec, config, "its inputs are numbers without bounds, no images")


def _require_arrays(split: Examples, spec: TaskSpec) -> None:
    shape = spec.shape
    for name, array, wanted, types in (
        ("inputs", split.inputs, shape.input_shape, tuple(INPUT_BYTES)),
        ("targets", split.targets, shape.target_shape, (target_type(shape.kind),)),
    ):
        if array.shape[1:] != wanted or array.dtype not in types or len(array) != len(split):
            finding = f"its {name} are {array.dtype} {array.shape}, not {' or '.join(types)} (N, *{wanted})"
            raise TaskDataError(_named(spec), finding, "Build its arrays as its shape says.")


def _refuse_changes(spec: TaskSpec, config: EvaluatorConfig, why: str) -> None:
    for name in ("resize", "flip"):
        if getattr(config, name):
            finding = f"evaluator.{name} is for images that one class or label is said of, and {why}"
            raise TaskDataError(_named(spec), finding, f"Leave evaluator.{name} out, or choose another task.")


def _named(spec: TaskSpec) -> str:
    return f"the task '{spec.name}'"
