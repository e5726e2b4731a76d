"""The names that a piece of code takes from the module around it, told by Python's rules of scope.

A name is *free* where neither a function around it, nor the class body that it stands in, nor a comprehension
binds it. Annotations that are left in the code count for nothing: they are never evaluated. This module does
*not* know what a name stands for.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_MAX_ATTRIBUTES = 8
_BINDING = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.alias, ast.ExceptHandler),
    *(ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.Attribute, ast.Subscript, ast.comprehension),
)
"""What may bind or amend a name beside a name itself, or begins a scope of its own."""

Use = tuple[str, tuple[str, ...]]
"""A free name, and the attributes that are taken of it: `("layers", ("Mlp",))` for `layers.Mlp`."""

Replace = Callable[[Use, Callable[[str], bool]], tuple[str, int] | None]
"""Given a use, and what says whether a function around it binds a name, returns a name to put in its place,
and how many of the attributes that stands for; None leaves it as it is."""


def free_uses(statement: ast.stmt) -> list[Use]:
    """Return all free names of a statement at the module level, each use once, in the text's order.

    Raises:
        RecursionError: It is nested too deeply.
    """
    found: dict[Use, None] = {}

    def note(use: Use, _is_hidden: Callable[[str], bool]) -> None:
        found[use] = None

    _Scopes(note).visit(statement)
    return list(found)


def replaced(statement: ast.stmt, replace: Replace) -> ast.stmt:
    """Return a statement, changed in place, with its free names and those that it binds replaced.

    Raises:
        RecursionError: It is nested too deeply.
    """
    found = _Scopes(replace).visit(statement)
    assert isinstance(found, ast.stmt)
    return ast.fix_missing_locations(found)


def bound_names(nodes: Iterable[ast.AST], *, amended: bool = False) -> list[str]:
    """Return the names that statements bind in the scope that they stand in, in the text's order.

    Args:
        nodes: The statements.
        amended: Whether to name also what they set an item or an attribute of.
    """
    found: dict[str, None] = {}
    waiting = list(nodes)[::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                found[node.id] = None
            continue
        if not isinstance(node, _BINDING):
            waiting += list(ast.iter_child_nodes(node))[::-1]
            continue
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found[node.name] = None
                continue
            case ast.Lambda():
                continue
            case ast.alias():
                found[node.asname or node.name.partition(".")[0]] = None
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                found[name] = None
            case ast.MatchMapping(rest=str(name)):
                found[name] = None
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()) if amended:
                owner: ast.expr = node
                while isinstance(owner, ast.Attribute | ast.Subscript):
                    owner = owner.value
                if isinstance(owner, ast.Name):
                    found[owner.id] = None
            case ast.comprehension():
                waiting += [*node.ifs[::-1], node.iter]
                continue
        waiting += list(ast.iter_child_nodes(node))[::-1]
    return list(found)


class _Scopes(ast.NodeTransformer):
    """Walks a statement of a module and offers every free name to `replace`."""

    def __init__(self, replace: Replace) -> None:
        self._replace = replace
        self._functions: list[frozenset[str]] = []
        self._class: frozenset[str] = frozenset()

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._use(node, node, ())

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        attributes: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute) and len(attributes) < _MAX_ATTRIBUTES:
            attributes.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            return self._use(node, inner, tuple(attributes[::-1]))
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._defaults(node.args)
        self._inside(_parameters(node.args) | _bound_inside([node.body]), [node], "body")
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._declared(node.name)
        for part in ("decorator_list", "bases", "keywords"):
            self._all(node, part)
        around, self._class = self._class, frozenset(bound_names(node.body))
        self._all(node, "body")
        self._class = around
        return node

    def visit_alias(self, node: ast.alias) -> ast.AST:
        bound = node.asname or node.name.partition(".")[0]
        new = self._declared(bound)
        node.asname = node.asname if new == bound else new
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        found = [self._replace((name, ()), lambda _: False) for name in node.names]
        node.names = [name if new is None else new[0] for name, new in zip(node.names, found, strict=True)]
        return node

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        return self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        return self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return self._comprehension(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.target = self.visit(node.target)
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.name = self._declared(node.name)
        self._all(node, "decorator_list")
        self._defaults(node.args)
        self._inside(_parameters(node.args) | _bound_inside(node.body), [node], "body")
        return node

    def _defaults(self, arguments: ast.arguments) -> None:
        self._all(arguments, "defaults")
        self._all(arguments, "kw_defaults")

    def _comprehension(self, node: _Comprehension) -> ast.AST:
        first = node.generators[0]
        first.iter = self.visit(first.iter)
        targets = frozenset(bound_names(each.target for each in node.generators))
        self._inside(targets, node.generators, "target", "ifs")
        self._inside(targets, node.generators[1:], "iter")
        self._inside(targets, [node], *(("key", "value") if isinstance(node, ast.DictComp) else ("elt",)))
        return node

    def _inside(self, bound: frozenset[str], nodes: Sequence[ast.AST], *parts: str) -> None:
        """Visit parts of nodes in a scope of their own; the names of a class body are not seen in it."""
        around, self._class = self._class, frozenset()
        self._functions.append(bound)
        for node in nodes:
            for part in parts:
                self._all(node, part)
        self._functions.pop()
        self._class = around

    def _all(self, node: ast.AST, part: str) -> None:
        found = getattr(node, part)
        if isinstance(found, list):
            setattr(node, part, [each if each is None else self.visit(each) for each in found])
        else:
            setattr(node, part, self.visit(found))

    def _use(self, node: ast.expr, name: ast.Name, attributes: tuple[str, ...]) -> ast.AST:
        if name.id in self._class or self._is_hidden(name.id):
            return node
        found = self._replace((name.id, attributes), self._is_hidden)
        if found is None:
            return node
        new, eaten = found
        built: ast.expr = ast.Name(id=new, ctx=ast.Load() if attributes else name.ctx)
        for attribute in attributes[eaten:]:
            built = ast.Attribute(value=built, attr=attribute, ctx=ast.Load())
        if isinstance(built, ast.Attribute) and isinstance(node, ast.Attribute):
            built.ctx = node.ctx
        return ast.copy_location(built, node)

    def _declared(self, name: str) -> str:
        """Return what a class or function is to be called: those of the module level may be renamed."""
        if self._functions or self._class:
            return name
        found = self._replace((name, ()), self._is_hidden)
        return name if found is None else found[0]

    def _is_hidden(self, name: str) -> bool:
        return any(name in each for each in self._functions)


def _parameters(arguments: ast.arguments) -> frozenset[str]:
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    return frozenset(each.arg for each in every if each is not None)


def _bound_inside(body: Sequence[ast.AST]) -> frozenset[str]:
    """Return the names that the body of a function binds in it."""
    declared: set[str] = set()
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            declared.update(node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return frozenset(bound_names(body)) - declared
