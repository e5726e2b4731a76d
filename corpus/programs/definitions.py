"""What stands behind the module-level names of a program, as far as its text shows.

The statements are read once and in order, as Python runs them: `Net = Small` takes what `Small` is by then,
and a class derives from what its bases are by then, so no circle can arise. In a branch, a loop or a `try` a
name that had a meaning loses it: the text does not show which of the two holds.

This module does *not* look into the bodies of functions, and it knows no other file.
"""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

_LONGEST_NAME = 120
"""Characters of a dotted name from outside; a longer one is taken for unknown, which keeps reading linear."""


@dataclass(frozen=True, eq=False)
class Class:
    """A class of the program that neither a decorator nor a keyword such as `metaclass` may change.

    Attributes:
        node: Its statement.
        bases: What it derives from.
        members: What its body binds.
    """

    node: ast.ClassDef
    bases: tuple[Definition, ...]
    members: Mapping[str, Definition]

    def ancestry(self) -> list[Definition]:
        """Return the class and all its bases, each before its own bases and left before right.

        Wherever Python has a method resolution order, it is this one or one that differs in unrelated bases.
        """
        order: list[Definition] = []
        seen: set[str | int] = set()
        waiting: list[tuple[Definition, bool]] = [(self, False)]
        while waiting:
            current, bases_are_done = waiting.pop()
            if bases_are_done:
                order.append(current)
                continue
            key = (isinstance(current, Outside) and current.name) or id(current)
            if key not in seen:
                seen.add(key)
                waiting.append((current, True))
                waiting += [(base, False) for base in (current.bases if isinstance(current, Class) else ())]
        return order[::-1]


@dataclass(frozen=True, eq=False)
class Outside:
    """What the text does not show: a thing of another file, or one that is made when the program runs.

    Attributes:
        name: The dotted name of an imported thing, such as `torch.nn.Module`; empty if it has none.
    """

    name: str = ""


@dataclass(frozen=True, eq=False)
class Value:
    """A number, a string, a collection: something that nobody can call.

    Attributes:
        node: The expression.
    """

    node: ast.expr


Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Definition = Function | Class | Outside | Value

_Names = MutableMapping[str, Definition]
_VALUES = (
    *(ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Set, ast.Dict),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def module_names(tree: ast.Module) -> Mapping[str, Definition]:
    """Return what each module-level name stands for at the end of the program."""
    names: dict[str, Definition] = {}
    _read(tree.body, names)
    return names


def _read(body: Sequence[ast.AST], names: _Names, outer: _Names | None = None) -> None:
    """Bind in `names` what the statements of a module bind, or those of a class body inside `outer`."""
    scope = names if outer is None else ChainMap(names, outer)
    waiting = [(statement, False) for statement in reversed(body)]
    while waiting:
        node, may_be_skipped = waiting.pop()
        if isinstance(node, ast.ClassDef):
            # Classes within classes are left out: nothing that is asked here depends on them.
            bound = [(node.name, _class(node, names) if outer is None else Outside())]
        else:
            bound = list(_bound_by(node, scope))
        for name, definition in bound:
            names[name] = _either(names[name], definition) if may_be_skipped and name in names else definition
        waiting += [(child, True) for child in reversed(_branches(node))]


def _either(earlier: Definition, later: Definition) -> Definition:
    """Return what a name stands for that may have kept its earlier meaning."""
    same = isinstance(earlier, Outside) and isinstance(later, Outside) and earlier.name == later.name
    return later if same else Outside()


def _branches(node: ast.AST) -> list[ast.AST]:
    """Return the statements that stand in a statement and run in the same scope."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return []
    inner = ast.stmt | ast.ExceptHandler | ast.match_case
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, inner)]


def _class(node: ast.ClassDef, names: _Names) -> Definition:
    if node.decorator_list or node.keywords:
        return Outside()
    members: dict[str, Definition] = {}
    _read(node.body, members, names)
    return Class(node, tuple(_value(base, names) for base in node.bases), members)


def _bound_by(node: ast.AST, scope: _Names) -> Iterator[tuple[str, Definition]]:
    """Yield the names that a statement binds, and what they then stand for."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield node.name, Outside() if node.decorator_list else node
        case ast.Import():
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield (alias.asname, Outside(alias.name)) if alias.asname else (top, Outside(top))
        case ast.ImportFrom():
            for alias in node.names:
                full = "" if node.level else f"{node.module}.{alias.name}"
                yield alias.asname or alias.name, Outside(full)
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _assigned(target, _value(value, scope))
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _assigned(target, _value(value, scope))
        case ast.AugAssign(target=target) | ast.For(target=target) | ast.AsyncFor(target=target):
            yield from _assigned(target, Outside())
        case ast.With(items=items) | ast.AsyncWith(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _assigned(item.optional_vars, Outside())


def _assigned(target: ast.expr, value: Definition) -> Iterator[tuple[str, Definition]]:
    if isinstance(target, ast.Name):
        yield target.id, value
        return
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, Outside()


def _value(node: ast.expr, scope: _Names) -> Definition:
    """Return what an expression stands for."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return _member(scope.get(node.id) or _builtin(node.id), attributes[::-1])
    if attributes:
        return Outside()
    if isinstance(node, ast.Lambda):
        return node
    return Value(node) if isinstance(node, _VALUES) else Outside()


def _builtin(name: str) -> Outside:
    return Outside("object" if name == "object" else "")


def _member(owner: Definition, attributes: Sequence[str]) -> Definition:
    """Return what `owner.a.b` stands for."""
    if not attributes:
        return owner
    name = ".".join([owner.name, *attributes]) if isinstance(owner, Outside) and owner.name else ""
    return Outside(name if len(name) <= _LONGEST_NAME else "")
