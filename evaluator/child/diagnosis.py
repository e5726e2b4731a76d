"""What an exception out of a program means: its status, and one line that helps whoever mends the program.

This module does *not* import torch: torch's errors are told apart by their text, as they have no types.
"""

from __future__ import annotations

import re
import traceback

from corpus.records.evaluations import EvaluationStatus
from evaluator.channel.messages import MAX_ERROR_CHARACTERS, MAX_TYPE_CHARACTERS, Failed

PROGRAM_FILE = "<program>"

_MAX_READ_CHARACTERS = 10_000
"""Of a message, what is looked at: a program can make one of any length."""

# The slots themselves, as a class or its metaclass can put its own in their place.
_NAME = type.__dict__["__name__"]
_TRACEBACK = BaseException.__dict__["__traceback__"]

_MEMORY = re.compile(r"allocate memory|not enough memory|out of memory|bad_alloc|alloc_failed", re.IGNORECASE)
_THREADS = re.compile(r"can't start new thread")
"""What Python says where there is no room for one more, before the zygote's watch looks."""

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
    """Return the message that reports `error`, whatever its class does when it is asked for its text.

    The class is the program's, and so may be its metaclass, its text and the name that it goes by: attributes
    are read past their overrides, and text is copied into plain strings before anything is done with it.
    """
    try:
        text = plain(str(error), _MAX_READ_CHARACTERS)
    except BaseException:  # noqa: BLE001 - the class is the candidate's: any exception may come out of it
        text = "an exception without a readable message"
    if type(error) is Rejected:
        return _failed(error.status, None, text)
    kind = type(error)
    status, name = _status(kind, text), plain(_NAME.__get__(kind), MAX_TYPE_CHARACTERS)
    if issubclass(kind, SystemExit):
        text = f"the program asked to exit ({text})"
    line = _program_line(error)
    return _failed(status, name, text if line is None else f"line {line}: {text}")


def _status(kind: type[BaseException], text: str) -> EvaluationStatus:
    """Return the status for class `kind`; isinstance() would ask the exception itself for its class."""
    if issubclass(kind, ModuleNotFoundError):
        return EvaluationStatus.MISSING_DEPENDENCY
    if issubclass(kind, MemoryError):
        return EvaluationStatus.OUT_OF_MEMORY
    if issubclass(kind, SystemExit):
        return EvaluationStatus.CRASHED
    if issubclass(kind, RuntimeError) and _MEMORY.search(text):
        return EvaluationStatus.OUT_OF_MEMORY
    if issubclass(kind, RuntimeError) and _THREADS.search(text):
        return EvaluationStatus.FORBIDDEN
    if issubclass(kind, RuntimeError | ValueError | IndexError | AssertionError) and _SHAPE.search(text):
        return EvaluationStatus.SHAPE_ERROR
    return EvaluationStatus.RUNTIME_ERROR


def _program_line(error: BaseException) -> int | None:
    """Return the innermost line of the program itself that `error` passed through."""
    lines = [
        line
        for frame, line in traceback.walk_tb(_TRACEBACK.__get__(error))
        if _of_program(frame.f_code.co_filename)
    ]
    return lines[-1] if lines else None


def _of_program(filename: str) -> bool:
    return filename == PROGRAM_FILE


def _failed(status: EvaluationStatus, error_type: str | None, text: str) -> Failed:
    return Failed.model_validate(
        {"status": status, "error_type": error_type, "error": plain(text, MAX_ERROR_CHARACTERS)}
    )


def plain(text: str, limit: int) -> str:
    """Return the first `limit` characters as a plain string that can be encoded, even of a subclass."""
    start = str.__getitem__(text, slice(limit))
    return start.encode("utf-8", errors="replace").decode()
