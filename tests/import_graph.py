"""Who imports whom: a tree of packages as a graph of modules, read from their text without importing them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

Graph = dict[str, set[str]]
"""Modules, each with the modules that it names: ours by their whole names, others by the top-level
package."""


def read_imports(root: Path, packages: Iterable[str]) -> Graph:
    """Return the imports of every module of `packages`, lazy ones and those for type checkers included.

    `from corpus import records` is an import of `corpus.records`, not of `corpus`.
    """
    paths = {_name(root, path): path for package in packages for path in (root / package).rglob("*.py")}
    return {name: _imported(path, paths.keys()) for name, path in paths.items()}


def reach(graph: Mapping[str, set[str]], start: str) -> dict[str, list[str]]:
    """Return all that `start` leads to, each with the way there, `start` first."""
    ways = {start: [start]}
    waiting = [start]
    while waiting:
        current = waiting.pop()
        for module in sorted(graph.get(current, ())):
            if module not in ways:
                ways[module] = [*ways[current], module]
                waiting.append(module)
    del ways[start]
    return ways


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return one way round for every module that leads back to itself."""
    found = []
    for module in sorted(graph):
        for successor in sorted(graph[module]):
            if successor == module:
                continue
            back = reach(graph, successor)
            if module in back:
                found.append([module, *back[module]])
                break
    return found


def floors(graph: Mapping[str, set[str]], root: Path) -> Graph:
    """Return the graph of the folders right below each package; a file that lies beside them stands alone."""
    merged: Graph = {}
    for module, imported in graph.items():
        here = merged.setdefault(floor_of(module, root), set())
        here |= {floor_of(other, root) for other in imported if other in graph} - {floor_of(module, root)}
    return merged


def floor_of(module: str, root: Path) -> str:
    """Return `corpus.records` for `corpus.records.base`, and `cycles.loop` for itself."""
    package, *rest = module.split(".")
    return ".".join([package, *rest[:1]]) if rest else str(Path(root / package).name)


def _name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, known: Iterable[str]) -> set[str]:
    ours = set(known)
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            named = [name if name in ours else str(node.module) for name in whole]
        else:
            continue
        modules |= {name if name in ours else name.split(".")[0] for name in named}
    return modules
