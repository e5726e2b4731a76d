"""One choice of alternatives as a program: the scaffold with the classes that fill its slots in front.

Statements are placed as they are written. What several alternatives bring along in equal words is placed
once; where two mean different things by one name, the later name is changed in its own text. The learning
rate is multiplied where `train_setup` takes its hyperparameters, or behind the lines in which it sets some of
them itself. A comment at the head of the scaffold stays at the head of the program. This module does *not*
check whether shapes fit: a probe does.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from corpus.programs.contract import NETWORK
from corpus.programs.parsing import parse
from generator.slots.contract import Alternative, Slot, Slotted

_RATE = """\
{prm} = {{
    name: value * {rate!r} if name in ("lr", "learning_rate") else value
    for name, value in {prm}.items()
}}
"""
_FUTURE = "__future__"


class Unfit(ValueError):
    """Texts that make no program together; the message says why."""


def assembled(slotted: Slotted, choices: Sequence[int], rate: float = 1.0) -> str:
    """Return the program of a choice.

    Args:
        slotted: The network with slots.
        choices: For each slot the place of an alternative.
        rate: Factor on the learning rate; with 1 nothing is changed.

    Raises:
        Unfit: A text is no Python, lacks what it is there for, or the scaffold has no `Net.train_setup` to
            change the rate in.
    """
    imports, scaffold = _read(slotted.scaffold, "the scaffold")
    placed = _Placed(imports, {name for piece in scaffold for name in piece.names})
    for slot, choice in zip(slotted.slots, choices, strict=True):
        placed.add(slot, slot.alternatives[choice])
    pieces = [piece.text for piece in scaffold]
    if rate != 1.0:
        pieces = _faster(scaffold, rate)
    heading = takewhile(lambda line: line.startswith("#"), slotted.scaffold.splitlines())
    first = "\n".join([*heading, *sorted(placed.imports, key=lambda line: _FUTURE not in line)])
    return "\n\n\n".join([first, *placed.texts, *pieces]) + "\n"


@dataclass(frozen=True)
class _Piece:
    """A statement of a module, as it is written, and the names that it binds."""

    statement: ast.stmt
    text: str
    names: tuple[str, ...]

    def renamed(self, changes: Mapping[str, str]) -> _Piece:
        """Return it with other names."""
        used = {node.id for node in ast.walk(self.statement) if isinstance(node, ast.Name)}
        if not changes.keys() & (used | set(self.names)):
            return self
        statement = _Renaming(changes).visit(ast.parse(self.text).body[0])
        names = tuple(changes.get(name, name) for name in self.names)
        return _Piece(statement, ast.unparse(statement), names)


class _Placed:
    """What stands in front of a scaffold so far."""

    def __init__(self, imports: Iterable[str], taken: Iterable[str]) -> None:
        self.imports = dict.fromkeys(imports)
        self.texts: list[str] = []
        self._meanings = dict.fromkeys(taken, "")

    def add(self, slot: Slot, alternative: Alternative) -> None:
        what = f"'{alternative.name}' of slot {slot.name}"
        imports, pieces = _read(text_of(slot, alternative), what)
        own = {name for piece in pieces for name in piece.names}
        if slot.class_name not in own or slot.class_name in self._meanings:
            raise Unfit(f"{what} and the scaffold do not have one class {slot.class_name} between them")
        taken = own | self._meanings.keys()
        meant = {name: piece.text for piece in pieces for name in piece.names}
        changes = {
            name: _free(name, taken) for name, text in meant.items() if self._meanings.get(name, text) != text
        }
        self.imports |= dict.fromkeys(imports)
        for piece in (each.renamed(changes) for each in pieces):
            if not piece.names or any(name not in self._meanings for name in piece.names):
                self.texts.append(piece.text)
        self._meanings |= {changes.get(name, name): text for name, text in meant.items()}


class _Renaming(ast.NodeTransformer):
    """Changes names of a module wherever they are defined or used; attributes and keywords stay."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.name = self._names.get(node.name, node.name)
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if node.col_offset == 0:
            node.name = self._names.get(node.name, node.name)
        self.generic_visit(node)
        return node


def text_of(slot: Slot, alternative: Alternative) -> str:
    """Return the text that defines a slot's class: its own, or of an identity or zeros what follows."""
    if alternative.text:
        return alternative.text
    given = "x" if slot.residual is None else "x, residual"
    zeros = f"x.new_zeros(len(x), {', '.join(map(str, slot.leaving))})"
    back = "x" if alternative.origin == "identity" else zeros
    return (
        "import torch.nn as nn\n\n\n"
        f"class {slot.class_name}(nn.Module):\n    def forward(self, {given}):\n        return {back}\n"
    )


def _read(text: str, what: str) -> tuple[list[str], list[_Piece]]:
    """Return the imports of a text, a name a line, and its other statements."""
    try:
        body, lines = parse(text).body, text.splitlines()
    except SyntaxError as error:
        raise Unfit(f"{what} is no Python: {error.msg}") from None
    imports: list[ast.stmt] = []
    pieces: list[_Piece] = []
    ends = {statement.end_lineno for statement in body}
    for statement in body:
        if isinstance(statement, ast.Import):
            imports += [ast.Import([alias]) for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            imports += [
                ast.ImportFrom(statement.module, [alias], statement.level) for alias in statement.names
            ]
        else:
            decorators = getattr(statement, "decorator_list", [])
            begin = min([statement.lineno, *(each.lineno for each in decorators)])
            alone = len(ends) == len(body) and statement.col_offset == 0
            written = "\n".join(lines[begin - 1 : statement.end_lineno])
            pieces.append(_Piece(statement, written if alone else ast.unparse(statement), _bound(statement)))
    return [ast.unparse(each) for each in imports], pieces


def _bound(statement: ast.stmt) -> tuple[str, ...]:
    """Return the names that a statement binds in its module."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        return (statement.name,)
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return tuple(each.id for each in targets if isinstance(each, ast.Name))


def _free(name: str, taken: Collection[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _faster(scaffold: Sequence[_Piece], rate: float) -> list[str]:
    """Return the scaffold's texts, the learning rate multiplied at the beginning of `Net.train_setup`."""
    texts = [piece.text for piece in scaffold]
    for place, piece in enumerate(scaffold):
        for method in ast.parse(piece.text).body[0].body if NETWORK in piece.names else ():  # type: ignore[attr-defined]
            if not isinstance(method, ast.FunctionDef) or method.name != "train_setup":
                continue
            if len(method.args.args) > 1 and method.body[0].lineno > method.lineno:
                given, lines = method.args.args[1].arg, piece.text.splitlines()
                first = next((each for each in method.body if given not in _bound(each)), method.body[0])
                added = _RATE.format(prm=given, rate=rate).splitlines()
                lines[first.lineno - 1 : first.lineno - 1] = [" " * first.col_offset + line for line in added]
                texts[place] = "\n".join(lines)
                return texts
    raise Unfit(f"the scaffold has no {NETWORK}.train_setup(prm) in which a learning rate is set")
