"""What modules of torch and tensors are while a program is read: names, arguments, shapes.

This module does *not* interpret anything.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from generator.trees.reading.recording.graph import Value

MAX_NUMBER = 2**63
"""Largest whole number of a program, without its sign; our choice."""


@dataclass(eq=False)
class Unknown:
    """A value that is not known.

    Attributes:
        what: What it is, for messages.
    """

    what: str


BATCH = Unknown("the number of images")
"""The first size of every tensor."""


class Classes(int):
    """The number of classes, as long as nobody reckons with it."""


@dataclass(eq=False)
class Layer:
    """A module of torch, or a mined one.

    Attributes:
        name: Its full name, `torch.nn.Conv2d`, or the name of the program's class.
        args: Its arguments by place.
        kwargs: Its arguments by name.
        site: The call that builds it.
    """

    name: str
    args: tuple[object, ...]
    kwargs: dict[str, Any]
    site: ast.AST


Size = int | Unknown


@dataclass(eq=False)
class Tensor:
    """A tensor of the program; an operation in place gives it another value.

    Attributes:
        value: What it holds.
        view: The sizes in which it is seen, the batch first. The numbers are those of `value`, in order.
        changed: Whether an operation in place gave it another value.
    """

    value: Value
    view: tuple[Size, ...]
    changed: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes in which each image's part is seen."""
        return tuple(size for size in self.view[1:] if isinstance(size, int))

    def become(self, other: Tensor) -> Tensor:
        """Take what another tensor holds, as an operation in place does."""
        self.value, self.view, self.changed = other.value, other.view, True
        return self
