"""The evaluator's own errors. A bad program is none: it gets an `Evaluation`."""

from __future__ import annotations

from pathlib import Path

from corpus.records.mistakes import Mistake


class UnknownTaskError(Mistake, ValueError):
    """There is no task of that name; the message lists what there is."""


class TaskDataError(Mistake, ValueError):
    """The files of a task are missing, broken, or hold something else.

    Args:
        where: The file or directory, or what was looked for.
        finding: What is wrong with it, as the rest of a sentence.
        remedy: What to do about it, as a sentence.
    """

    def __init__(self, where: Path | str, finding: str, remedy: str) -> None:
        super().__init__(f"{where}: {finding}. {remedy}")


class SandboxError(RuntimeError):
    """Broken machinery: the processes that programs run in cannot be started. It judges nothing."""


class NoIsolationError(SandboxError, Mistake):
    """The machine cannot contain programs as asked for, so none is run; the message has the remedies."""


class ZygoteDied(SandboxError):
    """A zygote went away while it was in use. It is replaced and the program judged again."""
