"""The texts of mined modules in one program: each once, and their imports in one place.

What a text defines has names of its own already: they end in the beginning of the module's id. Of two
imports that give one name to two things the later is renamed, in its text alone; an import is alone on its
lines. This module does *not* judge what a text does, and it runs nothing.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping

from corpus.programs.parsing import parse

_FUTURE = "__future__"


class Texts:
    """What a program holds in front of its own classes.

    Args:
        imports: The program's own imports, a statement a line.
    """

    def __init__(self, imports: str) -> None:
        self._statements: dict[str, None] = {}
        self._meanings: dict[str, str] = {}
        self._renamed: dict[str, dict[str, str]] = {}
        self._bodies: dict[str, None] = {}
        self.add("", imports)

    @property
    def imports(self) -> str:
        """All imports, a statement a line, those of `__future__` first."""
        lines = sorted(
            self._statements, key=lambda line: (_FUTURE not in line, line.startswith("from"), line)
        )
        return "\n".join([*lines, ""])

    @property
    def bodies(self) -> tuple[str, ...]:
        """The texts without their imports, in the order in which they came."""
        return tuple(self._bodies)

    def add(self, name: str, text: str) -> None:
        """Place the text of a module, if it has one, under the module's name in trees.

        Raises:
            SyntaxError: It is no Python, or beyond the bounds of `corpus.programs.parsing`.
        """
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines, changed = text.split("\n"), dict[str, str]()
        for statement in parse(text).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                changed |= self._place(statement)
                end = statement.end_lineno or statement.lineno
                lines[statement.lineno - 1 : end] = [""] * (end - statement.lineno + 1)
        self._renamed[name] = changed
        body = _renamed("\n".join(lines), changed).strip("\n")
        if body.strip():
            self._bodies[f"{body}\n"] = None

    def renamed(self, name: str, expression: str) -> str:
        """Return an expression of a module's spec with the names that the program uses."""
        return _renamed(expression, self._renamed.get(name, {}))

    def _place(self, statement: ast.Import | ast.ImportFrom) -> dict[str, str]:
        """Place an import, a name a line; return which names it had to rename."""
        changed: dict[str, str] = {}
        for alias in statement.names:
            bound, meaning = _binds(statement, alias)
            name, number = bound, 1
            while self._meanings.get(name, meaning) != meaning:
                number += 1
                name = f"{bound}_{number}"
            if name != bound:
                changed[bound] = name
            # `import a.b` and `import a.c` bind one name, and are both needed.
            loads_more = isinstance(statement, ast.Import) and not alias.asname
            if name not in self._meanings or loads_more:
                self._meanings[name] = meaning
                self._statements[_written(statement, alias, name)] = None
        return changed


def _binds(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> tuple[str, str]:
    """Return the name that an import binds, and what it then is."""
    if isinstance(statement, ast.ImportFrom):
        home = "." * statement.level + (statement.module or "")
        return alias.asname or alias.name, f"{home}.{alias.name}"
    return (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2


def _written(statement: ast.Import | ast.ImportFrom, alias: ast.alias, name: str) -> str:
    if isinstance(statement, ast.ImportFrom):
        one = ast.alias(alias.name, name if name != alias.name else None)
        return ast.unparse(ast.ImportFrom(statement.module, [one], statement.level))
    root = alias.name.partition(".")[0]
    return ast.unparse(ast.Import([ast.alias(alias.name, name if alias.asname or name != root else None)]))


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """Return Python with names replaced wherever they stand, but for attributes."""
    if not names:
        return text
    lines = text.split("\n")
    before = ""
    found: list[tuple[int, int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string in names and before != ".":
            found.append((*token.start, token.string))
        before = token.string
    for row, column, name in reversed(found):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + names[name] + line[column + len(name) :]
    return "\n".join(lines)
