"""Programs written differently that build the same network: renamed, reordered."""

from __future__ import annotations

import ast

_CONTRACT = {"Net", "supported_hyperparameters", "forward", "train_setup", "learn", "self", "device"}


class _Renamer(ast.NodeTransformer):
    def __init__(self, names: set[str], attributes: set[str]) -> None:
        self.names, self.attributes = names, attributes

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = f"{node.id}_renamed" if node.id in self.names else node.id
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = f"{node.arg}_renamed" if node.arg in self.names else node.arg
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = f"{node.name}_renamed" if node.name in self.names else node.name
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = f"{node.name}_renamed" if node.name in self.names else node.name
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "self" and node.attr in self.attributes:
            node.attr = f"{node.attr}_renamed"
        return self.generic_visit(node)


def renamed(source: str) -> str:
    """Return a program with every name of its own replaced: classes, functions, arguments, attributes."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    names = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    own_keywords = {
        keyword.arg
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        for keyword in node.keywords
    }
    names |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    attributes = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    keep = {each for each in _CONTRACT | own_keywords if each is not None}
    return ast.unparse(_Renamer(names - keep, attributes - _CONTRACT).visit(tree))


def reordered(source: str) -> str:
    """Return a program whose constructors define their layers in reverse order, where that is possible."""
    tree = ast.parse(source)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or function.name != "__init__":
            continue
        places = [place for place, each in enumerate(function.body) if _defines_a_layer(each)]
        if any(not _defines_a_layer(each) for each in function.body[1:]):
            continue  # what a loop or a local variable defines may have to come first
        for place, statement in zip(places, [function.body[each] for each in reversed(places)], strict=True):
            function.body[place] = statement
    return ast.unparse(tree)


def _defines_a_layer(statement: ast.stmt) -> bool:
    reads = [node for node in ast.walk(statement) if isinstance(node, ast.Attribute)]
    return (
        isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Attribute)
        and not any(
            isinstance(each.value, ast.Name) and each.value.id == "self" and isinstance(each.ctx, ast.Load)
            for each in reads
        )
    )
