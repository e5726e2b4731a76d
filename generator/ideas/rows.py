"""The two rows of a codemod: read, held against a library, and filled in for the place where they are used.

`generator.ideas.codemods` says how they are written. What they name must be there: a module or an argument
that the library does not have is a `CodemodError`, not a row that never matches. This module does *not* look
for places or rewrite trees.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, get_args

from corpus.records.search.ideas import Codemod
from generator.trees.encoding import decode_nodes
from generator.trees.nodes import Composite, Module, Node, Repeat, Sequence, Value, sequence
from generator.trees.specs import Library, Role

HOLE = "_"
"""What stands for the nodes that were matched."""

FIRST, REST = "_first", "_rest"
"""What stands for the parts of the composite that was matched: its first child, and the others."""

SMALLEST_WIDTH = 4
"""Channels that `narrow` and `slim` leave at least; our choice, as for all widths that edits propose."""

BLOCK = "block"
"""What stands in `match` for a composite, a repeat or a mined block that has weights."""

KINDS: Mapping[str, Callable[[Node], bool]] = {
    "shortcut": lambda node: isinstance(node, Composite) and node.kind == "residual",
    "concatenation": lambda node: (
        isinstance(node, Composite) and (node.kind, node.join) == ("branches", "cat")
    ),
    "sum": lambda node: isinstance(node, Composite) and (node.kind, node.join) == ("branches", "add"),
    "gating": lambda node: isinstance(node, Composite) and node.kind == "gate",
    "repeated": lambda node: isinstance(node, Repeat),
}
"""The words for composites and repeats in `match`. A sum of two is a shortcut: that is its canonical form."""

_ROLES = frozenset(get_args(Role)) - {BLOCK}
_NUMBERED = re.compile(r"_[1-9]")
_IDENTITY = Module("identity")
_WIDTHS: Mapping[str, Callable[[int, int], int]] = {
    "in": lambda entering, _: entering,
    "out": lambda _, leaving: leaving,
    "wide": lambda _, leaving: 2 * leaving,
    "narrow": lambda _, leaving: max(leaving // 2, SMALLEST_WIDTH),
    "slim": lambda _, leaving: max(leaving // 4, SMALLEST_WIDTH),
}


class CodemodError(ValueError):
    """A codemod whose rows cannot be read."""


class Rows(NamedTuple):
    """A codemod's rows.

    Attributes:
        match: What is looked for.
        becomes: What stands in its place, with holes.
    """

    match: tuple[Module, ...]
    becomes: Sequence


class Held(NamedTuple):
    """What was matched in one place.

    Attributes:
        nodes: They, with widths as numbers.
        settled: The modules among them, with every argument set.
        entering: The channels that enter the first.
        leaving: The channels that leave the last.
    """

    nodes: Sequence
    settled: tuple[Module, ...]
    entering: int
    leaving: int


def read_rows(codemod: Codemod, library: Library) -> Rows:
    """Return a codemod's rows.

    Raises:
        CodemodError: One is no row, or names what there is not.
    """
    match = tuple(_wanted(node, codemod.match, library) for node in _row(codemod.match, library))
    becomes = _row(codemod.becomes, library)
    whole = len(match) == 1 and match[0].name in KINDS
    numbers = {f"_{number + 1}" for number in range(len(match))}
    holes = {HOLE, *numbers, *((FIRST, REST) if whole else ())}
    for module in _modules(becomes):
        if module.name == HOLE or module.name in (FIRST, REST) or _NUMBERED.fullmatch(module.name):
            if module.name not in holes or module.arguments:
                raise CodemodError(f"'{module.name}' in '{codemod.becomes}' stands for nothing in the match")
        elif module.name not in library:
            raise CodemodError(f"'{codemod.becomes}': there is no module '{module.name}'")
        else:
            _check_arguments(module, [module.name], codemod.becomes, library)
    return Rows(match, becomes)


def filled(becomes: Sequence, held: Held, library: Library) -> Sequence:
    """Return what stands in the place of nodes: the row with its holes filled and its words settled."""

    def one(node: Node) -> Node:
        if isinstance(node, Repeat):
            return replace(node, body=one(node.body))
        if isinstance(node, Composite):
            return replace(node, children=tuple(map(one, node.children)))
        spec = library.get(node.name)
        return _filling(node.name, held) if spec is None else _settled(node, spec.width, held)

    return tuple(map(one, becomes))


def _filling(hole: str, held: Held) -> Node:
    if hole == HOLE:
        return sequence(held.nodes or (_IDENTITY,))
    if hole not in (FIRST, REST):
        return held.nodes[int(hole[1:]) - 1]
    whole = held.nodes[0]
    if isinstance(whole, Repeat):
        return whole.body if hole == FIRST else _IDENTITY
    if not isinstance(whole, Composite) or not whole.children:
        return _IDENTITY
    first, *rest = whole.children
    if hole == FIRST:
        return first
    return replace(whole, children=tuple(rest)) if len(rest) > 1 else (rest or [_IDENTITY])[0]


def _settled(module: Module, width: str | None, held: Held) -> Module:
    """Return a module with what words mean here; an argument that was nowhere set is left at its default."""
    found: list[tuple[str, Value]] = []
    for name, value in module.arguments:
        if value == "kept":
            found += [(name, each.get(name)) for each in held.settled if name in dict(each.arguments)][:1]
        elif name == width and isinstance(value, str) and value in _WIDTHS:
            found.append((name, _WIDTHS[value](held.entering, held.leaving)))
        else:
            found.append((name, value))
    return replace(module, arguments=tuple(found))


def _row(text: str, library: Library) -> Sequence:
    nodes = decode_nodes(text, library)
    if nodes is None:
        raise CodemodError(f"'{text}' is no row of modules")
    if any(module.adaptor for module in _modules(nodes)):
        raise CodemodError(f"'{text}': adaptors are put in where they are needed, leave ~ out")
    return nodes


def _wanted(node: Node, row: str, library: Library) -> Module:
    if not isinstance(node, Module):
        raise CodemodError(f"'{row}' may hold modules, roles and kinds alone")
    if node.name in KINDS or node.name == BLOCK:
        names: list[str] = []
    elif node.name in _ROLES:
        names = [spec.name for spec in library.values() if spec.role == node.name]
    elif node.name in library:
        names = [node.name]
    else:
        raise CodemodError(f"'{row}': there is no module, role or kind '{node.name}'")
    _check_arguments(node, names, row, library)
    return node


def _check_arguments(module: Module, names: list[str], row: str, library: Library) -> None:
    known = {argument for name in names for argument in (*library[name].choices, library[name].width)}
    unknown = next((name for name, _ in module.arguments if name not in known), None)
    if unknown is not None:
        raise CodemodError(f"'{row}': '{module.name}' has no argument '{unknown}'")


def _modules(nodes: Sequence) -> Iterator[Module]:
    for node in nodes:
        if isinstance(node, Module):
            yield node
        else:
            yield from _modules((node.body,) if isinstance(node, Repeat) else node.children)
