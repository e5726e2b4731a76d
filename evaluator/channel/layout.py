"""Inputs, targets and answers as raw bytes: of which type their numbers are, and how many bytes one has.

All are in the machine's own order, little-endian on every machine that this runs on, and without anything
between them. This module holds no data and does *not* import numpy.
"""

from __future__ import annotations

from math import prod
from typing import Literal

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape

InputType = Literal["uint8", "float32"]
"""Of images, and of everything else."""

INPUT_BYTES: dict[InputType, int] = {"uint8": 1, "float32": 4}

MOST_CLASSES = 2**16 - 1
"""The most classes that a class id of 16 bits tells apart, with one id for none of them."""


def names_classes(kind: TaskKind) -> bool:
    """Return whether targets and answers are class ids; else they are float32."""
    return kind in (TaskKind.SINGLE_LABEL, TaskKind.SEGMENTATION)


def target_type(kind: TaskKind) -> Literal["int64", "float32"]:
    """Return the type of a target's numbers."""
    return "int64" if names_classes(kind) else "float32"


def target_bytes(shape: TaskShape) -> int:
    """Return the bytes of one target."""
    return prod(shape.target_shape) * (8 if names_classes(shape.kind) else 4)


def answer_type(kind: TaskKind) -> Literal["<u2", "<f4"]:
    """Return the type of an answer's numbers as NumPy calls it; an answer has the shape of a target."""
    return "<u2" if names_classes(kind) else "<f4"


def answer_bytes(shape: TaskShape) -> int:
    """Return the bytes of the answer to one input."""
    return prod(shape.target_shape) * (2 if names_classes(shape.kind) else 4)


def tensor_names(shape: TaskShape) -> tuple[str, str]:
    """Return what input and output are called in an ONNX file, such as `images` and `scores`."""
    output = "numbers" if shape.kind is TaskKind.REGRESSION else "scores"
    return ("signals" if shape.signal else "images"), output
