"""What a task is: its description, its splits, its data.

This module does *not* import numpy: the command line reads descriptions to check a run's configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from corpus.records.base import TaskShape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class TaskSpec:
    """What is known of a task before its data is loaded.

    Attributes:
        name: What the user calls it.
        version: Raised whenever the data changes, so that accuracies of old and new data are never compared.
        shape: Image shape and number of classes.
        description: One line for people.
        from_files: Whether the data comes from the user's own files, which then decide the results too.
        fingerprint: Hash of what was read from those files; None before, and for tasks that need no files.
    """

    name: str
    version: int
    shape: TaskShape
    description: str
    from_files: bool = False
    fingerprint: str | None = None

    @property
    def id(self) -> str:
        """Name and version, as in a protocol id: `digits-v1`, or `cifar10-v1-5f0c8a91d2e4` once read."""
        name = f"{self.name}-v{self.version}"
        return name if self.fingerprint is None else f"{name}-{self.fingerprint}"

    @property
    def chance(self) -> float:
        """Accuracy of guessing, in (0, 1]."""
        return 1.0 / self.shape.classes

    def resized(self, size: int | None) -> TaskSpec:
        """Return the same with images `size` pixels high and wide, unchanged where that is None."""
        if size is None:
            return self
        return replace(self, shape=self.shape.model_copy(update={"height": size, "width": size}))


@dataclass(frozen=True)
class LabelledImages:
    """Images `(N, C, H, W)` as uint8 and their labels `(N,)` as int64."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Splits:
    """The three splits of a task; no image of one is in another."""

    train: LabelledImages
    val: LabelledImages
    test: LabelledImages


@dataclass(frozen=True)
class Task:
    """A task with its data.

    Attributes:
        spec: Name, version, shape.
        train: What programs learn from.
        val: What selection is based on.
        mean: Mean of each channel over the training images, in [0, 1].
        std: Standard deviation of each channel over the training images, in [0, 1].
    """

    spec: TaskSpec
    train: LabelledImages
    val: LabelledImages
    mean: tuple[float, ...]
    std: tuple[float, ...]
    _test: LabelledImages

    @property
    def shape(self) -> TaskShape:
        """Image shape and number of classes."""
        return self.spec.shape

    def read_test(self) -> LabelledImages:
        """Return the test split. For the final measurement only: nothing may be selected by it."""
        return self._test
