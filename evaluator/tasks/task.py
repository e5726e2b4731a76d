"""What a task is: its description, its splits, its data.

This module does *not* import numpy: the command line reads descriptions to check a run's configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from corpus.records.tasks.shape import TaskShape

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class TaskSpec:
    """What is known of a task before its data is loaded.

    Attributes:
        name: What the user calls it.
        version: Raised whenever the data changes, so that accuracies of old and new data are never compared.
        shape: Kind of task, shape of inputs, number of classes.
        description: One line for people.
        from_files: Whether the data comes from the user's own files, which then decide the results too.
        fingerprint: Hash of what was read from those files; None before, and for tasks that need no files.
        baseline: Score on the validation split of the best answers that do not look at the input; None
            before the data is loaded, and for single-label tasks, where guessing is what is beaten.
    """

    name: str
    version: int
    shape: TaskShape
    description: str
    from_files: bool = False
    fingerprint: str | None = None
    baseline: float | None = None

    @property
    def id(self) -> str:
        """Name and version, as in a protocol id: `digits-v1`, or `cifar10-v1-5f0c8a91d2e4` once read."""
        name = f"{self.name}-v{self.version}"
        return name if self.fingerprint is None else f"{name}-{self.fingerprint}"

    @property
    def chance(self) -> float:
        """Score without looking at the input, in [0, 1]: that of guessing, or `baseline`."""
        return 1.0 / self.shape.classes if self.baseline is None else self.baseline

    def resized(self, size: int | None) -> TaskSpec:
        """Return the same with images `size` pixels high and wide, unchanged where that is None.

        Whether a task has images that may be resized, `evaluator.supervisor.demands` says before.
        """
        if size is None:
            return self
        return replace(self, shape=self.shape.model_copy(update={"height": size, "width": size}))


@dataclass(frozen=True)
class Examples:
    """Inputs and what a network should answer to each.

    Attributes:
        inputs: Images `(N, C, H, W)` as uint8 from 0 to 255; signals `(N, C, L)` and fields `(N, C, H, W)` as
            float32.
        targets: `(N, *target_shape)` of the task's shape: int64 class ids, or float32.
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Splits:
    """The three splits of a task; no image of one is in another."""

    train: Examples
    val: Examples
    test: Examples


@dataclass(frozen=True)
class Task:
    """A task with its data.

    Attributes:
        spec: Name, version, shape.
        train: What programs learn from.
        val: What selection is based on.
        mean: Mean of each channel over the training inputs: of uint8 in [0, 1], of float32 in their unit.
        std: Standard deviation of each channel over the training inputs, likewise.
    """

    spec: TaskSpec
    train: Examples
    val: Examples
    mean: tuple[float, ...]
    std: tuple[float, ...]
    _test: Examples

    @property
    def shape(self) -> TaskShape:
        """Kind of task, shape of inputs, number of classes."""
        return self.spec.shape

    def read_test(self) -> Examples:
        """Return the test split. For the final measurement only: nothing may be selected by it."""
        return self._test
