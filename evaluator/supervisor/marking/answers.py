"""The bytes with which a program's process answers a question, checked to the last number.

How many they are follows from the question and the task's shape; nothing in them says how they are to be
read. This module does *not* mark them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.records.tasks.kinds import TaskKind
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.layout import answer_bytes, answer_type, names_classes


class WrongAnswer(ValueError):
    """Bytes that do not answer the question put: of another nonce or number, or no class id, or no number."""


def read_answers(raw: bytes, count: int, shape: TaskShape) -> NDArray[Any]:
    """Return the answers to `count` inputs, `(count, *target_shape)`: uint16 class ids, or float32.

    To a single-label question the number of classes itself stands for "none of them"; no other id may lie
    beyond the last class.

    Raises:
        WrongAnswer: They are too many or too few bytes, or hold what is no class id or no finite number.
    """
    named = names_classes(shape.kind)
    if len(raw) != count * answer_bytes(shape):
        what = "class ids" if named else "numbers"
        raise WrongAnswer(f"{len(raw)} bytes of {what} for {count} {'signals' if shape.signal else 'images'}")
    answers = np.frombuffer(raw, dtype=answer_type(shape.kind)).reshape(count, *shape.target_shape)
    if not named:
        if not bool(np.isfinite(answers).all()):
            raise WrongAnswer("numbers that are not all finite")
        return answers
    last = shape.classes - (shape.kind is not TaskKind.SINGLE_LABEL)
    if int(answers.max()) > last:
        raise WrongAnswer(f"class id {int(answers.max())} of {shape.classes} classes")
    return answers
