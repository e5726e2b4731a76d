"""Expressions of a program that is read: their values, one kind of expression a method.

Every evaluation is a step, and steps are counted. This module does *not* run statements, and it leaves to
those that derive from it what an attribute is and what a call does.
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.interpreter.python import (
    Comparisons,
    binary,
    items,
    key,
    shown,
    subscripted,
    truth,
    unary,
)
from generator.trees.reading.interpreter.values import MAX_STEPS, Function, Outside, Scope, bounded
from generator.trees.reading.recording.operations import arithmetic, indexed
from generator.trees.reading.recording.recorder import Recorder
from generator.trees.reading.recording.tensors import Tensor, Unknown

_SIGNS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Mult: "*", ast.Sub: "-", ast.Div: "/"}

_BUILTINS = frozenset(
    {"abs", "all", "any", "bool", "callable", "dict", "divmod", "enumerate", "float", "getattr", "hasattr"}
    | {"int", "isinstance", "iter", "len", "list", "map", "max", "min", "next", "object", "pow", "print"}
    | {"range", "reversed", "round", "set", "setattr", "sorted", "str", "sum", "super", "tuple", "type"}
    | {"zip", "ValueError", "TypeError", "NotImplementedError"}
)
"""Names of Python's own that a program may use; the others are not defined."""


class Expressions(ABC):
    """Evaluates expressions.

    Args:
        recorder: Where the network is recorded.

    Attributes:
        line: The line that is being read.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.line: int | None = None
        self._steps = 0
        self._comparisons = Comparisons(self.step)

    @abstractmethod
    def attribute(self, owner: Any, name: str) -> object:
        """Return an attribute of a value."""

    @abstractmethod
    def call(self, callee: Any, args: list[Any], kwargs: dict[str, Any], site: ast.AST) -> object:
        """Return what a call gives."""

    @abstractmethod
    def assign(self, target: ast.expr, value: object, scope: Scope) -> None:
        """Bind what stands on the left of an assignment."""

    def step(self, node: ast.AST | None = None, count: int = 1) -> None:
        """Count steps.

        Raises:
            NotATreeError: There were too many.
        """
        self._steps += count
        self.line = getattr(node, "lineno", self.line)
        if self._steps > MAX_STEPS:
            raise NotATreeError("bounds", f"more than {MAX_STEPS} steps")

    def value(self, node: ast.expr, scope: Scope) -> Any:
        """Return the value of an expression.

        Raises:
            NotATreeError: It has none that is known, or it is beyond the bounds.
        """
        self.step(node)
        way = _WAYS.get(type(node))
        if way is None:
            raise NotATreeError("python", f"{type(node).__name__} is not read")
        return way(self, node, scope)

    def _constant(self, node: ast.Constant, _: Scope) -> object:
        return bounded(node.value)

    def _name(self, node: ast.Name, scope: Scope) -> object:
        found = scope.find(node.id)
        if found is not None:
            return found.names[node.id]
        if node.id in _BUILTINS:
            return Outside(f"builtins.{node.id}")
        raise NotATreeError("python", f"'{node.id}' is not defined")

    def _attribute(self, node: ast.Attribute, scope: Scope) -> object:
        return self.attribute(self.value(node.value, scope), node.attr)

    def _call(self, node: ast.Call, scope: Scope) -> object:
        callee = self.value(node.func, scope)
        args = self._row(node.args, scope)
        kwargs: dict[str, Any] = {}
        for keyword in node.keywords:
            given = self.value(keyword.value, scope)
            if keyword.arg is not None:
                kwargs[keyword.arg] = given
            elif isinstance(given, dict) and all(isinstance(name, str) for name in given):
                kwargs |= given
            else:
                raise NotATreeError("python", "arguments by name that are not known")
        if isinstance(callee, Outside) and callee.name == "builtins.super" and not args:
            args = [scope.owner, scope.receiver]
        result = self.call(callee, args, kwargs, node)
        self.step(node)
        return result

    def _row(self, nodes: list[ast.expr], scope: Scope) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                found += items(self.value(node.value, scope))
            else:
                found.append(self.value(node, scope))
        return bounded(found)

    def _binary(self, node: ast.BinOp, scope: Scope) -> object:
        return self.operator(node.op, self.value(node.left, scope), self.value(node.right, scope), node)

    def operator(self, sign: ast.operator, first: object, second: object, site: ast.AST) -> object:
        """Return what an operator between two values gives."""
        if isinstance(first, Tensor) or isinstance(second, Tensor):
            return arithmetic(self.recorder, _SIGNS.get(type(sign), "another operator"), first, second, site)
        return binary(sign, first, second)

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> object:
        value = self.value(node.operand, scope)
        return not truth(value) if isinstance(node.op, ast.Not) else unary(node.op, value)

    def _bool(self, node: ast.BoolOp, scope: Scope) -> object:
        value: object = None
        for part in node.values:
            value = self.value(part, scope)
            if part is not node.values[-1] and truth(value) == isinstance(node.op, ast.Or):
                break
        return value

    def _compare(self, node: ast.Compare, scope: Scope) -> object:
        first, result = self.value(node.left, scope), True
        for sign, part in zip(node.ops, node.comparators, strict=True):
            second = self.value(part, scope)
            result = self._comparisons.compare(sign, first, second)
            if part is not node.comparators[-1] and not truth(result):
                break
            first = second
        return result

    def _if(self, node: ast.IfExp, scope: Scope) -> object:
        return self.value(node.body if truth(self.value(node.test, scope)) else node.orelse, scope)

    def _tuple(self, node: ast.Tuple, scope: Scope) -> object:
        return tuple(self._row(node.elts, scope))

    def _list(self, node: ast.List | ast.Set, scope: Scope) -> object:
        return self._row(node.elts, scope)

    def _dict(self, node: ast.Dict, scope: Scope) -> object:
        found: dict[Any, Any] = {}
        for name, part in zip(node.keys, node.values, strict=True):
            given = self.value(part, scope)
            if name is not None:
                found[key(self.value(name, scope))] = given
            elif isinstance(given, dict):
                found |= given
        return bounded(found)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> object:
        owner, index = self.value(node.value, scope), self.value(node.slice, scope)
        if isinstance(owner, Tensor):
            return indexed(owner, index)
        return owner if isinstance(owner, Outside) else self.item(owner, index)

    def item(self, owner: object, index: object) -> object:
        """Return what stands under an index."""
        if isinstance(owner, Unknown):
            return Unknown(f"a part of {owner.what}")
        return subscripted(owner, index)

    def _slice(self, node: ast.Slice, scope: Scope) -> object:
        ends = [self.value(end, scope) if end else None for end in (node.lower, node.upper, node.step)]
        if not all(end is None or isinstance(end, int) for end in ends):
            raise NotATreeError("python", "a slice whose ends are not known")
        return slice(*ends)

    def _joined(self, node: ast.JoinedStr, scope: Scope) -> object:
        return bounded("".join(str(self.value(part, scope)) for part in node.values))

    def _formatted(self, node: ast.FormattedValue, scope: Scope) -> object:
        form = str(self.value(node.format_spec, scope)) if node.format_spec else ""
        value = self.value(node.value, scope)
        return "?" if isinstance(value, Unknown) else shown(value, form)

    def _lambda(self, node: ast.Lambda, scope: Scope) -> object:
        return Function("<lambda>", node.args, self.defaults(node.args, scope), node.body, scope)

    def defaults(
        self, arguments: ast.arguments, scope: Scope
    ) -> tuple[tuple[object, ...], Mapping[str, object]]:
        """Return the defaults of a function: of its last arguments by place, and of those by name."""
        named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        return (
            tuple(self.value(default, scope) for default in arguments.defaults),
            {each.arg: self.value(default, scope) for each, default in named if default is not None},
        )

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope) -> object:
        inner = Scope({}, scope, scope.owner, scope.receiver)
        found: list[object] = []
        for _ in self._rounds(node.generators, inner):
            found.append(self.value(node.elt, inner))
        return bounded(found)

    def _dict_comprehension(self, node: ast.DictComp, scope: Scope) -> object:
        inner = Scope({}, scope, scope.owner, scope.receiver)
        return bounded(
            {
                key(self.value(node.key, inner)): self.value(node.value, inner)
                for _ in self._rounds(node.generators, inner)
            }
        )

    def _rounds(self, generators: list[ast.comprehension], scope: Scope) -> Iterator[None]:
        generator, *rest = generators
        for each in items(self.value(generator.iter, scope)):
            self.step(generator.target)
            self.assign(generator.target, each, scope)
            if all(truth(self.value(test, scope)) for test in generator.ifs):
                yield from self._rounds(rest, scope) if rest else (None,)

    def _named(self, node: ast.NamedExpr, scope: Scope) -> object:
        value = self.value(node.value, scope)
        self.assign(node.target, value, scope)
        return value


_WAYS: Mapping[type[ast.expr], Callable[[Expressions, Any, Scope], object]] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.Attribute: Expressions._attribute,
    ast.Call: Expressions._call,
    ast.BinOp: Expressions._binary,
    ast.UnaryOp: Expressions._unary,
    ast.BoolOp: Expressions._bool,
    ast.Compare: Expressions._compare,
    ast.IfExp: Expressions._if,
    ast.Tuple: Expressions._tuple,
    ast.List: Expressions._list,
    ast.Set: Expressions._list,
    ast.Dict: Expressions._dict,
    ast.Subscript: Expressions._subscript,
    ast.Slice: Expressions._slice,
    ast.JoinedStr: Expressions._joined,
    ast.FormattedValue: Expressions._formatted,
    ast.Lambda: Expressions._lambda,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.DictComp: Expressions._dict_comprehension,
    ast.NamedExpr: Expressions._named,
}
