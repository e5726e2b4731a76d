"""Which parts of the LEMUR contract a program's text shows, without running it.

The contract: a module-level `supported_hyperparameters()`, and a class `Net` with `__init__`, `forward`,
`train_setup` and `learn`, its own or inherited from a class of the same file. A name that is imported or
assigned counts as present, since a text cannot show what stands behind it. This module does *not* judge
programs: `evaluator` does, in the sandbox.
"""

from __future__ import annotations

import ast

METHODS = ("__init__", "forward", "train_setup", "learn")

_EMPTY_BASES = ("Module", "Sequential", "object")
"""Bases from outside that bring none of the contract's own methods."""


def missing_parts(tree: ast.Module) -> list[str]:
    """Return what the contract asks for and `tree` does not show, in the contract's order."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    names = _names_bound(tree)
    missing = [] if "supported_hyperparameters" in names else ["supported_hyperparameters()"]
    if "Net" not in names:
        return [*missing, "class Net"]
    if "Net" in classes:
        methods, open_ended = _methods(classes["Net"], classes)
        missing += [f"Net.{name}()" for name in METHODS if name not in methods and not open_ended]
    return missing


def _names_bound(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _methods(net: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> tuple[set[str], bool]:
    """Return the methods of a class and its bases, and whether a base stands in another file."""
    methods: set[str] = set()
    open_ended = False
    waiting, seen = [net], {net.name}
    while waiting:
        current = waiting.pop()
        methods |= {node.name for node in current.body if isinstance(node, ast.FunctionDef)}
        for base in current.bases:
            match base:
                case ast.Name(id=name) if name in classes:
                    if name not in seen:
                        seen.add(name)
                        waiting.append(classes[name])
                case ast.Name(id=name) | ast.Attribute(attr=name) if name in _EMPTY_BASES:
                    pass
                case _:
                    open_ended = True
    return methods, open_ended
