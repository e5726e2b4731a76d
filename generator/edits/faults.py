"""How a program failed, in words for whoever is to mend it. This module does *not* run or judge a program."""

from __future__ import annotations

import re
from typing import NamedTuple

from corpus.records.evaluations import Evaluation
from corpus.records.search.probes import Probe

_LINE = re.compile(r"line (\d+): ")


class Fault(NamedTuple):
    """A typed failure, as an evaluation or a probe reports it.

    Attributes:
        status: The status by name: `SHAPE_ERROR`.
        stage: The stage that the program failed in: `forward`.
        error_type: Class name of the exception, None where there was none.
        error: The message, None where there was none.
    """

    status: str
    stage: str
    error_type: str | None
    error: str | None

    @classmethod
    def of(cls, judged: Evaluation | Probe) -> Fault:
        """Return the failure of an evaluation that is not complete, or of a probe that did not pass."""
        status = judged.status if isinstance(judged, Evaluation) else judged.failure
        return cls(f"{status}", judged.stage, judged.error_type, judged.error)

    @property
    def words(self) -> str:
        """The failure in one line: `SHAPE_ERROR in stage forward: RuntimeError: line 22: mat1 and ...`."""
        kind = f"{self.error_type}: " if self.error_type else ""
        return f"{self.status} in stage {self.stage}: {kind}{self.error or 'no message'}"

    @property
    def short(self) -> str:
        """The same for a short context, without status and stage: `RuntimeError: line 22: mat1 and ...`."""
        return f"{self.error_type or self.status}: {self.error or 'no message'}"

    def line_number(self, program: str) -> int | None:
        """Return the place, from 0, of the line of `program` that the message names; None where of none."""
        named = _LINE.match(self.error or "")
        if named is None or not 1 <= int(named[1]) <= len(program.split("\n")):
            return None
        return int(named[1]) - 1

    def line_of(self, program: str) -> str | None:
        """Return the line of `program` that the message names, None where it names none."""
        place = self.line_number(program)
        return None if place is None else program.split("\n")[place].strip()
