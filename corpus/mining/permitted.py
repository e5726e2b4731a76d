"""What the code of a carried module may import.

A program runs beside torch and Python's library alone, so what needs more cannot be built. This list says
what networks are known to need, and is narrower than what the sandbox lets through. This module does *not*
judge what the code does: the sandbox's own checks do, when a module is probed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

PERMITTED = frozenset(
    {
        *("__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "enum"),
        *(
            "fnmatch",
            "fractions",
            "functools",
            "hashlib",
            "heapq",
            "inspect",
            "itertools",
            "json",
            "logging",
            "math",
        ),
        *("numbers", "operator", "os", "random", "re", "statistics", "string", "struct", "sys", "textwrap"),
        *("time", "traceback", "types", "typing", "typing_extensions", "warnings", "weakref"),
        *("numpy", "torch"),
    }
)
"""Modules, with all that is below them. Our choice."""

REFUSED = frozenset({"torch.distributed", "torch.hub", "torch.multiprocessing", "torch.utils.cpp_extension"})
"""Parts of those that no program may use, with all that is below them."""


def may_be_imported(module: str) -> bool:
    """Return whether a dotted name is that of a module, or of something in one, that may be imported."""
    refused = any(module == each or module.startswith(f"{each}.") for each in REFUSED)
    return module.partition(".")[0] in PERMITTED and not refused


def objection(statement: ast.stmt, package: str | None, location: str) -> str | None:
    """Return why the imports within a statement do not let it be carried, None where they do.

    An import in a function, or under `except ImportError`, may name what is not there.

    Args:
        statement: A class, a function, a branch.
        package: The package that it belongs to, if any.
        location: The file that it stands in.
    """
    for node, may_fail in _imports_within(statement):
        for alias in node.names:
            level = node.level if isinstance(node, ast.ImportFrom) else 0
            module = f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name
            if level or module.partition(".")[0] == package:
                return f"imports from its own package in line {node.lineno} of {location}"
            if not may_be_imported(module) and not may_fail:
                return f"imports {module}, which no program may or which may not be there"
    return None


def _imports_within(statement: ast.stmt) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    waiting: list[tuple[ast.AST, bool]] = [(statement, False)]
    while waiting:
        node, may_fail = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, may_fail
        may_fail = may_fail or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if isinstance(node, ast.Try) and any(_catches(each) for each in node.handlers):
            waiting += [(each, True) for each in node.body]
            waiting += [(each, may_fail) for each in (*node.handlers, *node.orelse, *node.finalbody)]
        else:
            waiting += [(each, may_fail) for each in ast.iter_child_nodes(node)]


def _catches(handler: ast.ExceptHandler) -> bool:
    names = (
        {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else None
    )
    return names is None or bool(names & {"ImportError", "ModuleNotFoundError", "Exception"})
