"""Why a program cannot be read as a tree. This module does *not* decide that."""

from __future__ import annotations

from typing import Literal

Reason = Literal["syntax", "bounds", "python", "module", "shape", "shared", "joined", "head", "tree"]
"""What kept a program from being read.

syntax  it is no Python, or has no class `Net`
bounds  it takes more steps, calls or room than a reader gives
python  it uses Python that is not read, does what would raise, or depends on a value that nobody can know
module  no module of the library does what one of its modules, operations or settings does
shape   sizes do not fit
shared  weights are used in two places
joined  paths part and join otherwise than in residuals, branches and gates
head    the scores do not come from one classifier
tree    the tree that it is breaks a rule of trees
"""


class NotATreeError(ValueError):
    """A program that cannot be read as a tree.

    Attributes:
        reason: The kind of obstacle.
        line: Where it lies in the source, from 1; None where it lies in no line.
    """

    def __init__(self, reason: Reason, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.reason, self.line = reason, line

    def __str__(self) -> str:
        message = super().__str__()
        return message if self.line is None else f"line {self.line}: {message}"
