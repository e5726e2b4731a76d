"""Statements of a program that is read, and calls of its functions.

Of a `try` only what should go well is run, a `with` runs its body, assertions are believed. This module does
*not* know what a module or a tensor is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.interpreter.expressions import Expressions
from generator.trees.reading.interpreter.python import items, key, truth
from generator.trees.reading.interpreter.values import (
    MAX_CALLS,
    Class,
    Function,
    Instance,
    Outside,
    Scope,
    bounded,
)
from generator.trees.reading.recording.recorder import Recorder
from generator.trees.reading.recording.tensors import Tensor, Unknown

_KINDS = frozenset({"property", "staticmethod", "classmethod"})


@dataclass(frozen=True)
class Flow:
    """How a row of statements ended, where it did not run to its end.

    Attributes:
        way: `return`, `break` or `continue`.
        value: What is returned.
    """

    way: str
    value: object = None


class Statements(Expressions):
    """Runs statements and functions."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self._calls = 0

    def set_attribute(self, owner: Any, name: str, value: object) -> None:
        """Bind an attribute of a value."""
        raise NotImplementedError

    def run(self, body: list[ast.stmt], scope: Scope) -> Flow | None:
        """Run statements; return how they ended, None where they ran to their end."""
        for statement in body:
            self.step(statement)
            way = _WAYS.get(type(statement))
            if way is None:
                raise NotATreeError("python", f"{type(statement).__name__} is not read")
            flow = way(self, statement, scope)
            if flow is not None:
                return flow
        return None

    def run_module(self, body: list[ast.stmt], scope: Scope, known: Mapping[str, object]) -> None:
        """Run the statements of a file; names that one of them cannot bind are not known.

        Args:
            body: The statements.
            scope: Where they bind names.
            known: What classes and functions stand for that are not run.

        Raises:
            NotATreeError: They are beyond the bounds.
        """
        for statement in body:
            if isinstance(statement, ast.ClassDef | ast.FunctionDef) and statement.name in known:
                scope.names[statement.name] = known[statement.name]
                continue
            try:
                self.run([statement], scope)
            except NotATreeError as error:
                if error.reason == "bounds":
                    raise
                bound = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
                scope.names |= {name: Unknown(name) for name in bound if name not in scope.names}

    def call_function(self, function: Function, args: list[Any], kwargs: dict[str, Any]) -> object:
        """Return what a function of the program gives; a method's first argument is its object.

        Raises:
            NotATreeError: The arguments do not fit, or too many calls lie within each other.
        """
        if self._calls >= MAX_CALLS:
            raise NotATreeError("bounds", f"more than {MAX_CALLS} calls within each other")
        names = self._bound(function, args, kwargs)
        receiver = args[0] if args and isinstance(args[0], Instance) else None
        scope = Scope(names, function.scope, function.owner, receiver)
        self._calls += 1
        try:
            if isinstance(function.body, ast.expr):
                return self.value(function.body, scope)
            flow = self.run(function.body, scope)
        finally:
            self._calls -= 1
        return flow.value if flow is not None else None

    def _bound(self, function: Function, args: list[Any], kwargs: dict[str, Any]) -> dict[str, object]:
        """Return the values of a function's parameters."""
        expected, (by_place, by_name) = function.arguments, function.defaults
        positional = [each.arg for each in (*expected.posonlyargs, *expected.args)]
        named = [each.arg for each in expected.kwonlyargs]
        defaults = zip(positional[len(positional) - len(by_place) :], by_place, strict=True)
        names: dict[str, object] = {**dict(defaults), **by_name}
        names |= dict(zip(positional, args, strict=False))
        more = {name: value for name, value in kwargs.items() if name not in positional and name not in named}
        twice = [name for name in positional[: len(args)] if name in kwargs]
        names |= {name: value for name, value in kwargs.items() if name not in more}
        missing = [name for name in (*positional, *named) if name not in names]
        if expected.vararg:
            names[expected.vararg.arg] = tuple(args[len(positional) :])
        if expected.kwarg:
            names[expected.kwarg.arg] = more
        too_many = (len(args) > len(positional) and not expected.vararg) or (more and not expected.kwarg)
        if missing or twice or too_many:
            raise NotATreeError("python", f"{function.name}() is called with arguments that do not fit")
        return names

    def assign(self, target: ast.expr, value: object, scope: Scope) -> None:
        """Bind what stands on the left of an assignment."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            self.set_attribute(self.value(target.value, scope), target.attr, value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, value, scope)
        elif isinstance(target, ast.Subscript):
            owner, index = self.value(target.value, scope), self.value(target.slice, scope)
            self.set_item(owner, index, value)
        else:
            raise NotATreeError("python", "an assignment that is not read")

    def set_item(self, owner: Any, index: object, value: object) -> None:
        """Bind what stands under an index."""
        if isinstance(owner, dict):
            owner[key(index)] = value
            bounded(owner)
        elif isinstance(owner, list) and isinstance(index, int) and -len(owner) <= index < len(owner):
            owner[index] = value
        elif not isinstance(owner, Unknown):
            raise NotATreeError("python", "an index that is not read")

    def _unpack(self, targets: list[ast.expr], value: object, scope: Scope) -> None:
        if isinstance(value, Unknown):
            values: list[object] = [Unknown(f"a part of {value.what}")] * len(targets)
        else:
            values = items(value)
        starred = [place for place, each in enumerate(targets) if isinstance(each, ast.Starred)]
        if starred and len(values) >= len(targets) - 1:
            first, rest = starred[0], len(targets) - starred[0] - 1
            end = len(values) - rest
            values = [*values[:first], values[first:end], *values[end:]]
        if len(values) != len(targets):
            raise NotATreeError("python", "an assignment to another number of names than of values")
        for target, each in zip(targets, values, strict=True):
            self.assign(target.value if isinstance(target, ast.Starred) else target, each, scope)

    def _assignment(self, node: ast.Assign, scope: Scope) -> None:
        value = self.value(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.value(node.value, scope), scope)

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        before, other = self.value(node.target, scope), self.value(node.value, scope)
        if isinstance(before, list) and isinstance(node.op, ast.Add):
            before += items(other)
            bounded(before)
            return
        after = self.operator(node.op, before, other, node)
        if isinstance(before, Tensor) and isinstance(after, Tensor):
            after = before.become(after)
        self.assign(node.target, after, scope)

    def _expression(self, node: ast.Expr, scope: Scope) -> None:
        self.value(node.value, scope)

    def _if_statement(self, node: ast.If, scope: Scope) -> Flow | None:
        return self.run(node.body if truth(self.value(node.test, scope)) else node.orelse, scope)

    def _for(self, node: ast.For, scope: Scope) -> Flow | None:
        def turns() -> Iterator[None]:
            for each in items(self.value(node.iter, scope)):
                self.step(node)
                self.assign(node.target, each, scope)
                yield

        return self._loop(node, turns(), scope)

    def _while(self, node: ast.While, scope: Scope) -> Flow | None:
        def turns() -> Iterator[None]:
            while truth(self.value(node.test, scope)):
                yield

        return self._loop(node, turns(), scope)

    def _loop(self, node: ast.For | ast.While, turns: Iterator[None], scope: Scope) -> Flow | None:
        for _ in turns:
            flow = self.run(node.body, scope)
            if flow is not None and flow.way != "continue":
                return flow if flow.way == "return" else None
        return self.run(node.orelse, scope)

    def _return(self, node: ast.Return, scope: Scope) -> Flow:
        return Flow("return", self.value(node.value, scope) if node.value else None)

    def _function(self, node: ast.FunctionDef, scope: Scope) -> None:
        names = [each.id for each in node.decorator_list if isinstance(each, ast.Name)]
        kind = names[0] if names and names[0] in _KINDS else ""
        if len(node.decorator_list) > bool(kind):
            scope.names[node.name] = Unknown(f"{node.name}, which is decorated")
            return
        defaults = self.defaults(node.args, scope)
        # The body of a class is a scope that its methods do not see.
        outer = scope.outer if scope.owner and scope.receiver is scope.owner and scope.outer else scope
        scope.names[node.name] = Function(node.name, node.args, defaults, node.body, outer, kind=kind)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        bases = tuple(self.value(base, scope) for base in node.bases)
        made = Class(node.name, bases, {}, node)
        inner = Scope(made.members, scope, made, made)
        self.run(node.body, inner)
        for member in made.members.values():
            if isinstance(member, Function) and member.owner is None:
                member.owner = made
        scope.names[node.name] = made

    def _import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            scope.names[alias.asname or top] = Outside(alias.name if alias.asname else top)

    def _import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            scope.names[alias.asname or alias.name] = Outside(f"{node.module}.{alias.name}")

    def _with(self, node: ast.With, scope: Scope) -> Flow | None:
        for item in node.items:
            entered = self.value(item.context_expr, scope)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, Unknown("what a 'with' gives"), scope)
            if not isinstance(entered, Unknown):
                raise NotATreeError("python", "a 'with' that is not read")
        return self.run(node.body, scope)

    def _try(self, node: ast.Try, scope: Scope) -> Flow | None:
        return self.run([*node.body, *node.orelse, *node.finalbody], scope)


def _raise(*_: object) -> Flow | None:
    raise NotATreeError("python", "it would raise an error")


_WAYS: Mapping[type[ast.stmt], Callable[[Statements, Any, Scope], Flow | None]] = {
    ast.Assign: Statements._assignment,
    ast.AnnAssign: Statements._annotated,
    ast.AugAssign: Statements._augmented,
    ast.Expr: Statements._expression,
    ast.If: Statements._if_statement,
    ast.For: Statements._for,
    ast.While: Statements._while,
    ast.Return: Statements._return,
    ast.Break: lambda *_: Flow("break"),
    ast.Continue: lambda *_: Flow("continue"),
    ast.Raise: _raise,
    ast.FunctionDef: Statements._function,
    ast.ClassDef: Statements._class,
    ast.Import: Statements._import,
    ast.ImportFrom: Statements._import_from,
    ast.With: Statements._with,
    ast.Try: Statements._try,
    ast.Pass: lambda *_: None,
    ast.Assert: lambda *_: None,
}
