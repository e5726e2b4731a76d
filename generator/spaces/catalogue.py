"""The search spaces by name. This module does *not* import one before it is asked for."""

from __future__ import annotations

from typing import Any

from corpus.records.base import TaskShape
from corpus.records.mistakes import Mistake, one_of
from generator.spaces.contract import Space

SPACES = ("grammar", "cells", "cells-3", "macro")


class SpaceError(Mistake):
    """There is no such search space."""


def require_space(name: str) -> None:
    """Do nothing if there is a space of that name.

    Raises:
        SpaceError: There is none.
    """
    if name not in SPACES:
        raise SpaceError(f"There is no search space '{name}'.{one_of(name, SPACES)}")


def textual(name: str) -> bool:
    """Return whether lexical novelty can tell the programs of that space apart."""
    return name == "grammar"


def build_space(name: str, shape: TaskShape, *, max_parameters: int) -> Space[Any]:
    """Return the space `name` for images and classes of `shape`, up to a number of trainable parameters.

    Raises:
        SpaceError: There is none of that name.
    """
    require_space(name)
    from generator.spaces.programs import ProgramSpace

    return ProgramSpace(shape, max_parameters=max_parameters)
