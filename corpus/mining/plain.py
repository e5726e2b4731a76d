"""The carried form of a statement: what it does, without what only describes it.

Gone are docstrings, annotations (but those of the fields of data classes, which are made of them), and
decorators that enter a class or a function in a register, or compile it: they need the package around them,
or the file. What is imported from the same package within a function or a branch is lifted out of it, since
nothing is imported in circles once it stands in one text. What is left computes the same. This module does
*not* resolve names beyond the imports of the file, and it changes the tree that it is given.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from corpus.programs.tokens import outside_name

_REGISTERING = ("register", "add_register")
"""Beginnings of names of decorators that note a class or a function somewhere, and hand it back unchanged."""

_COMPILING = ("torch.jit.", "torch.compile", "torch.fx.", "torch._dynamo.")
_FIELD_BASES = frozenset({"NamedTuple", "TypedDict"})


Lift = Callable[[ast.ImportFrom, bool], Mapping[str, str] | None]
"""Given an import that does not stand at the head, and whether it stands in a function, lets the whole file
have what it imports. Returns the names that this has now, where they are others than the import gives it;
None where the import has to stay."""


def carried_form(statement: ast.stmt, imports: Mapping[str, str], lift: Lift) -> ast.stmt:
    """Return a statement in carried form; the tree is changed in place.

    Args:
        statement: A statement at the module level.
        imports: What the imported names of its file stand for.
        lift: Called with each import from a module within it.

    Raises:
        RecursionError: It is nested too deeply.
    """
    found = _Carried(dict(imports), lift).visit(statement)
    return ast.fix_missing_locations(found if found is not None else ast.copy_location(ast.Pass(), statement))


class _Carried(ast.NodeTransformer):
    def __init__(self, imports: dict[str, str], lift: Lift) -> None:
        self._imports = imports
        self._lift = lift
        self._keeps_fields = False
        self._functions = 0

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.stmt] | None:
        lifted = self._lift(node, self._functions > 0)
        if lifted is None:
            return node
        return [
            ast.Assign(targets=[ast.Name(id=name, ctx=ast.Store())], value=ast.Name(id=new, ctx=ast.Load()))
            for name, new in lifted.items()
        ]

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if self._keeps_fields:
            return self.generic_visit(node)
        if node.value is None:
            return None
        plain = ast.Assign(targets=[node.target], value=node.value)
        return self.generic_visit(ast.copy_location(plain, node))

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        around, self._keeps_fields = self._keeps_fields, _has_fields(node)
        self._undecorate(node)
        self.generic_visit(node)
        self._keeps_fields = around
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.stmt | ast.ExceptHandler) and getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[union-attr]
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        around, self._keeps_fields = self._keeps_fields, False
        node.returns = None
        self._undecorate(node)
        self._functions += 1
        self.generic_visit(node)
        self._functions -= 1
        self._keeps_fields = around
        return node

    def _undecorate(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        node.decorator_list = [each for each in node.decorator_list if not self._is_dropped(each)]

    def _is_dropped(self, decorator: ast.expr) -> bool:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        full = outside_name(called, self._imports) or ""
        return last.startswith(_REGISTERING) or full.startswith(_COMPILING)


def _has_fields(node: ast.ClassDef) -> bool:
    named = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    names = {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in named}
    bases = {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in node.bases}
    return "dataclass" in names or bool(bases & _FIELD_BASES)
