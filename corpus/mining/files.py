"""One source file, as mining sees it: its statements, which names each binds, what it imports.

A file is read within a bound and parsed, never run. Its statements are kept as they were written, for what
they say of types, and those that are asked for also in carried form (`corpus.mining.plain`), for the text of
a module. This module does *not* follow imports.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from corpus.files.licences import licence_of_source
from corpus.files.reading import read_text
from corpus.mining.names import bound_names
from corpus.mining.origins import Origin
from corpus.mining.plain import carried_form
from corpus.programs.parsing import parse

MAX_BYTES = 300_000
"""Largest file that is read; the largest of timm has 193,000, of torch 260,000. Our choice."""


class Unreadable(Exception):
    """A file that is passed over; its text says why, in a few words."""


@dataclass(frozen=True)
class Imported:
    """What a name stands for that an `import` at the module level binds.

    Attributes:
        module: The module as written, without the dots of a relative import.
        name: What is taken from it, None for the module itself.
        level: Dots of a relative import.
        whole: Whether the name stands for the top of `module` alone, as in `import a.b`.
    """

    module: str
    name: str | None = None
    level: int = 0
    whole: bool = False


class SourceFile:
    """One parsed file.

    Attributes:
        origin: What it belongs to, None for a text of no folder.
        path: Where it lies, None likewise.
        location: Its path within the origin, in words.
        licence: The licence that it states itself, None where it states none.
        body: Its statements as written; what stands under `if TYPE_CHECKING` is left out.
        bound: For each name the places in `body` of the statements that bind or amend it.
        imports: What its imports at the module level bind.
        stars: Its `from ... import *`.
        plain_imports: Modules that are imported as `import a.b.c`.
    """

    def __init__(
        self, text: str, location: str, origin: Origin | None = None, path: Path | None = None
    ) -> None:
        """Parse a text.

        Raises:
            Unreadable: Python cannot parse it.
        """
        self.origin, self.path, self.location = origin, path, location
        self.licence = licence_of_source(text)
        self.lines = text.split("\n")
        self._carried: dict[int, ast.stmt] = {}
        self.body = _statements(text)
        self.bound: defaultdict[str, list[int]] = defaultdict(list)
        self.imports: dict[str, Imported] = {}
        self.stars: list[Imported] = []
        self.plain_imports: list[str] = []
        for place, statement in enumerate(self.body):
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self._note(statement)
            elif not _is_main(statement):
                for name in bound_names([statement], amended=True):
                    self.bound[name].append(place)

    @classmethod
    def read(cls, path: Path, origin: Origin) -> SourceFile:
        """Return a file of an origin.

        Raises:
            Unreadable: It is none, too large, no UTF-8 or no Python, or a link leads out of the origin.
        """
        try:
            if not path.resolve().is_relative_to(origin.top):
                raise Unreadable("a link that leads out of the folder")
            text = read_text(path, MAX_BYTES)
        except UnicodeDecodeError:
            raise Unreadable("no UTF-8") from None
        except (OSError, RuntimeError) as error:  # links in a circle are a RuntimeError
            reason = "larger than is read" if "larger than" in str(error) else "no file that can be read"
            raise Unreadable(reason) from None
        return cls(text, origin.location(path), origin, path)

    def carried(self, place: int) -> ast.stmt:
        """Return the statement at a place in carried form.

        Raises:
            RecursionError: It is nested too deeply.
        """
        if place not in self._carried:
            statement = deepcopy(self.body[place])
            self._carried[place] = carried_form(statement, self.imports_by_name, self._lift)
        return self._carried[place]

    @cached_property
    def imports_by_name(self) -> Mapping[str, str]:
        """The full name of all that is imported from outside by its absolute name: `{"nn": "torch.nn"}`."""
        return {
            name: found.module.partition(".")[0]
            if found.whole
            else ".".join(filter(None, (found.module, found.name)))
            for name, found in self.imports.items()
            if not found.level
        }

    @cached_property
    def exported(self) -> frozenset[str] | None:
        """The names in `__all__` where it is a plain list, None where there is none."""
        found: set[str] = set()
        for place in self.bound.get("__all__", ()):
            statement = self.body[place]
            value = getattr(statement, "value", None)
            if not isinstance(value, ast.List | ast.Tuple):
                return None
            found.update(str(each.value) for each in value.elts if isinstance(each, ast.Constant))
        return frozenset(found) or None

    def classes(self) -> Iterator[ast.ClassDef]:
        """Yield the classes at the module level, of several with one name the last."""
        for place, statement in enumerate(self.body):
            if isinstance(statement, ast.ClassDef) and self.bound[statement.name][-1] == place:
                yield statement

    def class_of(self, name: str) -> ast.ClassDef | None:
        """Return the class that a name stands for at the end of the file, None where it is none."""
        places = self.bound.get(name)
        found = self.body[places[-1]] if places else None
        return found if isinstance(found, ast.ClassDef) else None

    def length(self, place: int) -> int:
        """Return the characters of the lines that a statement stands on."""
        statement = self.body[place]
        last = statement.end_lineno or statement.lineno
        return sum(len(line) + 1 for line in self.lines[statement.lineno - 1 : last])

    def _lift(self, statement: ast.ImportFrom, in_function: bool) -> Mapping[str, str] | None:
        """Let the whole file have what one statement within another imports from the same package."""
        own = statement.level or (statement.module or "").partition(".")[0] == self.package
        found = {
            alias.asname or alias.name: Imported(statement.module or "", alias.name, statement.level)
            for alias in statement.names
        }
        if not own or statement.names[0].name == "*":
            return None
        if not in_function:
            self.imports.update({f"{name}_of_package": imported for name, imported in found.items()})
            return {name: f"{name}_of_package" for name in found}
        if any(name in self.bound or self.imports.get(name, new) != new for name, new in found.items()):
            return None
        self.imports.update(found)
        return {}

    @property
    def package(self) -> str | None:
        """The name of the package that it belongs to, None where it belongs to none."""
        is_package = self.origin is not None and self.origin.base != self.origin.top
        return self.origin.top.name if self.origin is not None and is_package else None

    def _note(self, statement: ast.Import | ast.ImportFrom) -> None:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                if alias.asname is None:
                    self.plain_imports.append(alias.name)
                bound = alias.asname or alias.name.partition(".")[0]
                self.imports[bound] = Imported(alias.name, whole=alias.asname is None)
            return
        for alias in statement.names:
            found = Imported(statement.module or "", alias.name, statement.level)
            if alias.name == "*":
                self.stars.append(found)
            else:
                self.imports[alias.asname or alias.name] = found


def _statements(text: str) -> list[ast.stmt]:
    """Return the statements of a module, those under `if TYPE_CHECKING` left out.

    Raises:
        Unreadable: Python cannot parse it.
    """
    try:
        body = parse(text, most=MAX_BYTES).body
    except SyntaxError:
        raise Unreadable("no Python that can be parsed") from None
    found: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.If) and _is_type_checking(statement.test):
            found += statement.orelse
        else:
            found.append(statement)
    return found


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _is_main(statement: ast.stmt) -> bool:
    match statement:
        case ast.If(test=ast.Compare(left=ast.Name(id=name))):
            return name == "__name__"
    return False
