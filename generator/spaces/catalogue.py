"""Which search spaces there are, and how each is built. A further one is a line of `_BUILDERS`.

This module does *not* import a space before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from corpus.records.mistakes import one_of
from corpus.records.tasks.shape import TaskShape
from generator.spaces.contract import Space
from generator.spaces.errors import UnknownSpaceError

if TYPE_CHECKING:
    from generator.trees.specs import Library


def _cells(shape: TaskShape, max_parameters: int) -> Space[Any]:
    from generator.spaces.cells import CellSpace

    return CellSpace(shape, max_parameters=max_parameters)


def _cells_3(shape: TaskShape, max_parameters: int) -> Space[Any]:
    from generator.spaces.cells import OPERATORS_3, CellSpace

    return CellSpace(shape, max_parameters=max_parameters, operators=OPERATORS_3, name="cells-3")


def _grammar(shape: TaskShape, max_parameters: int) -> Space[Any]:
    from generator.spaces.programs import ProgramSpace

    return ProgramSpace(shape, max_parameters=max_parameters)


def _macro(shape: TaskShape, max_parameters: int) -> Space[Any]:
    from generator.spaces.macro import MacroSpace

    return MacroSpace(shape, max_parameters=max_parameters)


def _trees(shape: TaskShape, max_parameters: int, library: Library | None = None) -> Space[Any]:
    from generator.spaces.trees import TreeSpace

    return TreeSpace(shape, max_parameters=max_parameters, library=library)


_BUILDERS: Mapping[str, Callable[[TaskShape, int], Space[Any]]] = {
    "grammar": _grammar,
    "cells": _cells,
    "cells-3": _cells_3,
    "macro": _macro,
    "trees": _trees,
}


def space_names() -> list[str]:
    """Return the names of all spaces."""
    return list(_BUILDERS)


def require_space(name: str) -> None:
    """Do nothing if there is a space `name`.

    Raises:
        UnknownSpaceError: There is none; the message says which there are.
    """
    if name not in _BUILDERS:
        raise UnknownSpaceError(f"there is no search space '{name}'.{one_of(name, _BUILDERS)}")


def textual(name: str) -> bool:
    """Return whether lexical novelty can tell the programs of the space `name` apart.

    It can those of the grammar alone, which has many ways to write a thing: of 200 different cells, rendered
    to programs, the lexical filter finds one new.
    """
    return name == "grammar"


def build_space(
    name: str, shape: TaskShape, max_parameters: int, library: Library | None = None
) -> Space[Any]:
    """Return the space `name` for images and classes of `shape`.

    Args:
        name: One of `space_names()`.
        shape: The task.
        max_parameters: Cap on a network's trainable parameters.
        library: The modules that trees are made of, our own primitives where it is None; for `trees` alone.

    Raises:
        UnknownSpaceError: There is no such space.
        NoRoomError: The space holds no network for such images, or none below the cap.
    """
    require_space(name)
    if library is None:
        return _BUILDERS[name](shape, max_parameters)
    if name != "trees":
        raise ValueError(f"the space '{name}' is not made of a library's modules")
    return _trees(shape, max_parameters, library)
