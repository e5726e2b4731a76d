"""Reads the four arrays that keras ships in a `.npz` file: `x_train`, `y_train`, `x_test`, `y_test`.

A fifth, `kind`, holds a word: multi-label, segmentation, regression, or single-label as without it. Inputs
are images of bytes, `(N, H, W)`, `(N, H, W, C)` or `(N, C, H, W)`, fields of numbers `(N, C, H, W)`, or
signals of numbers `(N, C, L)`; `targets` says what the targets of each kind are.

This module does *not* unpickle: an archive with objects in it is refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from corpus.files.archives import BROKEN, array_form, array_names, read_array
from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.errors import TaskDataError
from evaluator.tasks.formats.contents import channels_first, geometry_of, shape_of, split_of
from evaluator.tasks.formats.targets import MAX_ARRAY_BYTES, labels_in
from evaluator.tasks.places import Layout, litter
from evaluator.tasks.task import Examples

_KEYS = ("x_train", "y_train", "x_test", "y_test")
_Read = TypeVar("_Read")

_KIND_BYTES = 1_000


@dataclass(frozen=True)
class NpzFile:
    """One archive with inputs and targets."""

    path: Path

    @classmethod
    def find(cls, place: Path, task: str, _layout: Layout) -> NpzFile | None:
        """Return the archive at `place`: itself, the one named as the task, or the only one."""
        if place.is_file():
            return cls(place) if place.suffix == ".npz" else None
        named, found = place / f"{task}.npz", sorted(path for path in place.glob("*.npz") if not litter(path))
        if named in found or not found:
            return cls(named) if found else None
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise TaskDataError(
                place, f"there are several archives ({names})", "Name one in evaluator.data_path."
            )
        return cls(found[0])

    def shape(self) -> TaskShape:
        """Return the training inputs' geometry, and one class more than the largest, or the labels."""
        with self._opened() as archive:
            kind = self._kind(archive)
            size, dtype = self._checked(archive, "x_train", array_form)
            found = geometry_of(size, dtype, self.path)
            if found is None:
                raise self._unlabelled()
            geometry, signal = found
            if kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION):
                labels = self._checked(archive, "y_train", read_array)
                if not labels.size or labels.dtype.kind not in "iu":
                    raise self._unlabelled()
                classes = int(labels.max()) + 1
            else:
                form, _ = self._checked(archive, "y_train", array_form)
                classes = labels_in(form, kind, geometry[2:] if signal else geometry[1:], self.path)
        return shape_of(geometry, classes, self.path, kind, signal=signal)

    def read(self, shape: TaskShape) -> tuple[Examples, Examples]:
        """Return training and test examples."""
        with self._opened() as archive:
            kind = self._kind(archive)
            if kind is not shape.kind:
                raise TaskDataError(
                    self.path,
                    f"its kind is {kind}, the task's is {shape.kind}",
                    "Name the files of this task in evaluator.data_path.",
                )
            arrays = [self._checked(archive, key, read_array) for key in _KEYS]
        train, test = (
            split_of(inputs if shape.signal else channels_first(inputs, shape), targets, shape, self.path)
            for inputs, targets in (arrays[:2], arrays[2:])
        )
        return train, test

    def _kind(self, archive: zipfile.ZipFile) -> TaskKind:
        if "kind" not in array_names(archive):
            return TaskKind.SINGLE_LABEL
        word = self._checked(archive, "kind", read_array, _KIND_BYTES)
        text = str(word.item()) if word.size == 1 and word.dtype.kind == "U" else ""
        if text not in list(TaskKind):
            raise TaskDataError(
                self.path,
                f"its kind is {text[:40]!r}",
                f"Write one of {', '.join(TaskKind)}, or leave it out: single-label.",
            )
        return TaskKind(text)

    def _unlabelled(self) -> TaskDataError:
        return TaskDataError(self.path, "it holds no labelled images", "Write it with numpy.savez.")

    def _opened(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except BROKEN as error:
            raise TaskDataError(
                self.path, f"it is not an npz archive ({error})", "Get the file anew."
            ) from None

    def _checked(
        self, archive: zipfile.ZipFile, key: str, read: Callable[..., _Read], limit: int = MAX_ARRAY_BYTES
    ) -> _Read:
        if key not in array_names(archive):
            raise TaskDataError(
                self.path, f"it lacks the array {key}", f"Write {', '.join(_KEYS)} with numpy.savez."
            )
        try:
            return read(archive, key, limit)
        except (*BROKEN, MemoryError) as error:
            detail = str(error) or "not enough memory"
            raise TaskDataError(self.path, f"{key} cannot be read ({detail})", "Get the file anew.") from None
