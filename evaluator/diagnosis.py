"""What an exception out of a program means: its status, and one line that helps whoever mends the program.

This module does *not* import torch: torch's errors are told apart by their text, as they have no types.
"""

from __future__ import annotations

import re
import traceback

from corpus.records import EvaluationStatus
from evaluator.messages import MAX_ERROR_CHARACTERS, MAX_TYPE_CHARACTERS, Failed

PROGRAM_FILE = "<program>"

_MEMORY = re.compile(r"allocate memory|not enough memory|out of memory|bad_alloc", re.IGNORECASE)
_SHAPE = re.compile(
    "|".join(
        (
            r"mat1 and mat2|size mismatch|shapes? cannot be multiplied|sizes? of tensors?|shape mismatch",
            r"invalid for input of size|view size is not|expanded size|output size is too small|equal size",
            r"must match (the )?(existing|size|except|at non-singleton)|must have the same (shape|size)",
            r"expected (\d|more than|input|target)|to have \d+ channels|number of (channels|dimensions)",
            r"running_(mean|var) should contain|normalized_shape|kernel size can't be greater|divisible",
            r"dimension out of range|dimension specified as|embedding dimension|inner dimensions",
            r"inconsistent tensor|input\.size|batch_size|broadcast|einsum|unbatched|provided sizes",
            r"expected size|split_sizes|padding size|input tensors supported",
        )
    ),
    re.IGNORECASE,
)


class Rejected(Exception):
    """The evaluator's own verdict on a running program, such as an output of the wrong shape."""

    def __init__(self, status: EvaluationStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def diagnose(error: BaseException) -> Failed:
    """Return the message that reports `error`, whatever its class does when it is asked for its text."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - the class is the candidate's: any exception may come out of it
        text = "an exception without a readable message"
    status, name = _status(error, text), type(error).__name__
    if isinstance(error, Rejected):
        return _failed(status, None, text)
    if isinstance(error, SystemExit):
        text = f"the program asked to exit ({text})"
    line = _program_line(error)
    return _failed(status, name, text if line is None else f"line {line}: {text}")


def _status(error: BaseException, text: str) -> EvaluationStatus:
    match error:
        case Rejected():
            return error.status
        case ModuleNotFoundError():
            return EvaluationStatus.MISSING_DEPENDENCY
        case MemoryError():
            return EvaluationStatus.OUT_OF_MEMORY
        case SystemExit():
            return EvaluationStatus.CRASHED
        case RuntimeError() if _MEMORY.search(text):
            return EvaluationStatus.OUT_OF_MEMORY
        case RuntimeError() | ValueError() | IndexError() | AssertionError() if _SHAPE.search(text):
            return EvaluationStatus.SHAPE_ERROR
    return EvaluationStatus.RUNTIME_ERROR


def _program_line(error: BaseException) -> int | None:
    """Return the innermost line of the program itself that `error` passed through."""
    lines = [
        line
        for frame, line in traceback.walk_tb(error.__traceback__)
        if _of_program(frame.f_code.co_filename)
    ]
    return lines[-1] if lines else None


def _of_program(filename: str) -> bool:
    return filename == PROGRAM_FILE


def _failed(status: EvaluationStatus, error_type: str | None, text: str) -> Failed:
    clean = text.encode("utf-8", errors="replace").decode()
    name = (
        None
        if error_type is None
        else error_type.encode("utf-8", errors="replace").decode()[:MAX_TYPE_CHARACTERS]
    )
    return Failed.model_validate(
        {"status": status, "error_type": name, "error": clean[:MAX_ERROR_CHARACTERS]}
    )
