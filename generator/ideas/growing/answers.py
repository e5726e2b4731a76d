"""The answers of a build, one a line in a file beside its output, each on the disk before the next is asked.

An answer is known by the model and by all that was asked: the kind of idea, the passages, the words. So a
build that is given again asks what is missing, and a document that has changed is asked about anew. This
module does *not* ask, and does not judge an answer.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.files.json_lines import json_lines
from corpus.files.reading import MAX_ROW_BYTES, open_regular
from corpus.records.base import Record
from corpus.records.mistakes import Mistake
from corpus.records.search.calls import AnswerPath

_BEGINNING = b'{"question":'
"""How each row begins."""


class AnswersInUse(Mistake):
    """Another build writes to the file."""


class Answered(Record):
    """One answer.

    Attributes:
        question: Id of what was asked.
        model: Name of the model that was asked.
        seed: What the answer was drawn with.
        document: Digest of the document, for those who read the file.
        path: The kind of idea, likewise.
        ideas: The statements, None where no document of the right form came.
        how: How the answer came about.
        tokens: Tokens that were generated for it.
    """

    question: str
    model: str
    seed: int
    document: str
    path: str
    ideas: tuple[str, ...] | None
    how: AnswerPath
    tokens: int = 0


class Answers:
    """What was answered, by question, model and seed.

    Args:
        path: The file; what it holds already is read.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor
        remedy = f"Remove {path.name} to ask all questions anew."
        rows = json_lines(path, Answered.model_validate_json, remedy=remedy)
        self._known = {(row.question, row.model, row.seed): row for row in rows}

    def get(self, question: str, model: str, seed: int) -> Answered | None:
        """Return an answer, None where it was not asked for."""
        return self._known.get((question, model, seed))

    def add(self, row: Answered) -> None:
        """Keep an answer: it is on the disk when this returns.

        Raises:
            OSError: It cannot be written.
        """
        line = f"{row.model_dump_json()}\n".encode()
        while line:
            line = line[os.write(self._descriptor, line) :]
        os.fsync(self._descriptor)
        self._known[row.question, row.model, row.seed] = row


def answers_file(out: Path) -> Path:
    """Return where the answers stand of which the ideas in `out` come."""
    return out.with_name(f"{out.name}.answers.jsonl")


@contextmanager
def opened_answers(path: Path) -> Iterator[Answers]:
    """Open a file of answers for reading and writing; it is made where none is there.

    A last line that a killed process left half written is removed.

    Raises:
        AnswersInUse: Another process has it open.
        JsonLinesError: A line is no answer.
        OSError: It cannot be read or written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnswersInUse(f"{path}: another build is at work on it. Wait for it.") from None
        os.ftruncate(descriptor, _end_of_rows(path))
        yield Answers(path, descriptor)
    finally:
        os.close(descriptor)


def _end_of_rows(path: Path) -> int:
    """Return where the last whole line of a file ends, or its end where what follows is no row begun."""
    with open_regular(path) as file:
        end = file.seek(0, os.SEEK_END)
        start = max(end - MAX_ROW_BYTES, 0)
        file.seek(start)
        last = file.read(end - start)
    torn = last[last.rfind(b"\n") + 1 :]
    is_row = len(torn) < len(last) or start == 0
    begun = torn[: len(_BEGINNING)] == _BEGINNING[: len(torn)]
    return end - len(torn) if is_row and begun else end
