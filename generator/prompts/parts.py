"""A program in parts: what each piece of code binds and what it lacks, and which pieces make one program.

This module does *not* resolve scopes: a name counts as bound wherever a piece binds it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.programs.contract import FACTORY, breaches
from corpus.programs.parsing import parse_or_none

_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__class__"}
_DEFINITIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.ClassDef,
    ast.FunctionDef,
    ast.Assign,
    ast.AnnAssign,
    ast.If,
    ast.Try,
)


@dataclass(frozen=True)
class Part:
    """A text that Python can parse, seen as a part of a program.

    Attributes:
        text: The text, ending in a newline.
        has_net: Whether it binds `Net` at module level.
        keeps_contract: Whether it is a whole program by the contract.
        binds: Names that it binds at module level, if it does nothing but define.
        defines: The classes and functions among them.
        lacks: Names that it uses and nowhere binds.
    """

    text: str
    has_net: bool
    keeps_contract: bool
    binds: frozenset[str]
    defines: frozenset[str]
    lacks: frozenset[str]


def read_part(text: str) -> Part | None:
    """Return what `text` is as a part, or None if Python cannot parse it."""
    tree = parse_or_none(text)
    if tree is None:
        return None
    whole = not any(breaches(tree))
    bound, defined = _bound(tree)
    bound_anywhere, read = _names(tree)
    lacks = read - bound_anywhere - _BUILTINS
    has_net = "Net" in bound
    if has_net and FACTORY not in bound:
        lacks |= {FACTORY}
    only_defines = all(isinstance(node, _DEFINITIONS) or _is_docstring(node) for node in tree.body)
    return Part(
        text=text,
        has_net=has_net,
        keeps_contract=whole,
        binds=frozenset(bound if only_defines else ()),
        defines=frozenset(defined),
        lacks=frozenset(lacks),
    )


def completed(seed: int, parts: Sequence[Part]) -> list[int]:
    """Return the places of the parts that make one program with `parts[seed]`, in their order.

    A part joins only if it binds a name that is lacking and defines nothing that is already there, the
    nearest first: two versions of a program stay two, and a snippet that uses the program stays out.
    """
    chosen = {seed}
    lacks, defines = set(parts[seed].lacks), set(parts[seed].defines)
    by_distance = sorted(range(len(parts)), key=lambda place: (abs(place - seed), place))
    while True:
        joining = next(
            (
                place
                for place in by_distance
                if place not in chosen
                and not parts[place].binds.isdisjoint(lacks)
                and parts[place].defines.isdisjoint(defines)
            ),
            None,
        )
        if joining is None:
            return sorted(chosen)
        chosen.add(joining)
        defines |= parts[joining].defines
        bound = set().union(*(parts[place].binds for place in chosen))
        lacks = (lacks | parts[joining].lacks) - bound


def joined(texts: Sequence[str]) -> str:
    """Return the texts as one module, two blank lines between them."""
    return "\n\n\n".join(text.strip("\n") for text in texts) + "\n"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _bound(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the names bound at module level, and the classes and functions among them."""
    bound: set[str] = set()
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            defined.add(node.name)
        else:
            bound |= _names(node)[0]
    return bound | defined, defined


def _names(root: ast.AST) -> tuple[set[str], set[str]]:
    """Return the names that are bound anywhere below `root`, and those that are read."""
    bound: set[str] = set()
    read: set[str] = set()
    for node in ast.walk(root):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read.add(name)
            case ast.Name(id=name) | ast.arg(arg=name):
                bound.add(name)
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                bound.add(name)
            case ast.alias(name=name, asname=asname):
                bound.add(asname or name.partition(".")[0])
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                bound.add(name)
    return bound, read
