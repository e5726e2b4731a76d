"""A class with all that it needs, out of its file and its package, as one self-contained text.

From the class on, the free names of each statement are followed to the statements that bind them, and those
are taken along, until nothing is missing; what comes from outside is imported. The statements of a file keep
their order, and a file that others need comes before them. Names that clash are told apart by a number. A
class that cannot be carried has a flaw, which is said in words. This module does *not* check whether what is
carried works: that is found out by building it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from functools import cached_property

from corpus.mining.files import SourceFile
from corpus.mining.names import Use, free_uses, replaced
from corpus.mining.permitted import may_be_imported, objection
from corpus.mining.resolving import Inside, Outside, Resolver, Target, Within

MAX_STATEMENTS = 100
"""Most statements that are carried, imports aside: classes, functions, constants. Our choice."""

MAX_CHARACTERS = 60_000
"""Most characters of them as written, and of the text in the end; a program has 100,000. Our choice."""

_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__", "__class__", "__doc__"}
_Part = tuple[SourceFile, int]


class _Facts:
    """What is known of one statement in carried form, found out once for all texts that it stands in."""

    def __init__(self, file: SourceFile, place: int) -> None:
        self.statement = file.carried(place)
        self.uses = free_uses(self.statement)
        self.objection = objection(self.statement, file.package, file.location)
        self.is_annotated = any(isinstance(node, ast.AnnAssign) for node in ast.walk(self.statement))

    @cached_property
    def text(self) -> str:
        return _unparsed(self.statement)


class Flaw(Exception):
    """Why a class cannot be carried, in one line."""


class Carrier:
    """Carries classes, one after the other."""

    def __init__(self, resolver: Resolver) -> None:
        """Follow names by `resolver`."""
        self._resolver = resolver
        self._facts: dict[_Part, _Facts] = {}

    def forget(self) -> None:
        """Let go of what was found out about files."""
        self._facts.clear()

    def text(self, file: SourceFile, name: str) -> str:
        """Return the text of a class.

        Raises:
            Flaw: It cannot be carried.
            RecursionError: It is nested too deeply.
        """
        parts = self._closure(file, name)
        names = _Names(file, name)
        written: list[str] = []
        for each in _files_in_order(file, self._needs(parts)):
            places = sorted(place for of, place in parts if of is each)
            written += [self._written((each, place), names) for place in places]
        annotated = any(self._facts_of(part).is_annotated for part in parts)
        text = "\n\n\n".join(filter(None, ["\n".join(names.imports(annotated)), *written])) + "\n"
        if len(text) > MAX_CHARACTERS:
            raise Flaw(f"needs more than {MAX_CHARACTERS:,} characters")
        return text

    def alone(self, file: SourceFile, name: str) -> tuple[str, str]:
        """Return the imports of its file that a class uses, by their full names, and the class without more.

        Both are empty where the class is longer than anything that is carried.

        Raises:
            RecursionError: It is nested too deeply.
        """
        place = file.bound[name][-1]
        if file.length(place) > MAX_CHARACTERS:
            return "", ""
        used = {use[0] for use in self._facts_of((file, place)).uses}
        lines: dict[str, None] = {}
        for bound in sorted(used & file.imports.keys()):
            imported = file.imports[bound]
            module = (
                imported.module if not imported.level else _absolute(file, imported.module, imported.level)
            )
            if imported.name:
                lines[f"from {module} import {_named(imported.name, bound)}"] = None
            else:
                lines[f"import {bound if imported.whole else _named(module, bound)}"] = None
        return "\n".join(lines), self._facts_of((file, place)).text + "\n"

    def _closure(self, file: SourceFile, name: str) -> dict[_Part, None]:
        """Return all statements that a class needs, itself first."""
        parts: dict[_Part, None] = {}
        length = 0
        waiting: list[tuple[SourceFile, str]] = [(file, name)]
        done: set[tuple[SourceFile, str]] = set()
        while waiting:
            where, wanted = waiting.pop()
            if (where, wanted) in done:
                continue
            done.add((where, wanted))
            for place in where.bound[wanted]:
                if (where, place) in parts:
                    continue
                parts[where, place] = None
                length += where.length(place)
                if len(parts) > MAX_STATEMENTS or length > MAX_CHARACTERS:
                    raise Flaw(
                        f"needs more than {MAX_STATEMENTS} definitions or {MAX_CHARACTERS:,} characters"
                    )
                facts = self._facts_of((where, place))
                if facts.objection is not None:
                    raise Flaw(facts.objection)
                for use in facts.uses:
                    target = self._checked(where, use)
                    if isinstance(target, Inside):
                        waiting.append((target.file, target.name))
        return parts

    def _facts_of(self, part: _Part) -> _Facts:
        if part not in self._facts:
            self._facts[part] = _Facts(*part)
        return self._facts[part]

    def _checked(self, file: SourceFile, use: Use) -> Target | None:
        """Return what a use stands for, None for what comes with Python.

        Raises:
            Flaw: It stands for nothing, or for what cannot be carried.
        """
        target = self._resolver.resolve(file, use)
        if target is None and use[0] not in _KNOWN:
            raise Flaw(f"uses {_dotted(use)}, which nothing in {file.location} binds")
        if isinstance(target, Within):
            raise Flaw(f"uses {_dotted(use)}, a module of its own package, as a value")
        if isinstance(target, Outside) and not may_be_imported(_reached(target, use)):
            raise Flaw(f"imports {target.full}, which no program may or which may not be there")
        return target

    def _needs(self, parts: dict[_Part, None]) -> dict[SourceFile, list[SourceFile]]:
        found: dict[SourceFile, dict[SourceFile, None]] = {}
        for file, place in parts:
            needed = found.setdefault(file, {})
            for use in self._facts_of((file, place)).uses:
                target = self._resolver.resolve(file, use)
                if isinstance(target, Inside) and target.file is not file:
                    needed[target.file] = None
        return {file: list(needed) for file, needed in found.items()}

    def _written(self, part: _Part, names: _Names) -> str:
        """Return a statement as text, its names replaced by what they are called in the text to be."""
        file = part[0]
        changes: dict[Use, tuple[str, int]] = {}
        for use in self._facts_of(part).uses:
            target = self._checked(file, use)
            if isinstance(target, Inside | Outside):
                new = names.name_of(target, use[0])
                if new != use[0] or target.eaten:
                    changes[use] = (new, target.eaten)
        if not changes:
            return self._facts_of(part).text
        copy = ast.parse(self._facts_of(part).text).body[0]
        return _unparsed(replaced(copy, _replacing(changes)))


class _Names:
    """What everything is called in one text."""

    def __init__(self, file: SourceFile, name: str) -> None:
        self._given: dict[tuple[object, str], str] = {(file, name): name}
        self._taken = {name}
        self._lines: dict[str, None] = {}

    def name_of(self, target: Inside | Outside, called: str) -> str:
        """Return the name of something, which is `called` so where it was met first."""
        if isinstance(target, Inside):
            return self._give((target.file, target.name), target.name)
        is_new = (target.full, "") not in self._given
        given = self._give((target.full, ""), called)
        for module in target.also:
            self._lines[f"import {module}"] = None
        if is_new and target.name is None:
            self._lines[f"import {_named(target.module, given)}"] = None
        elif is_new:
            self._lines[f"from {target.module} import {_named(str(target.name), given)}"] = None
        return given

    def imports(self, annotated: bool) -> list[str]:
        """Return the lines of the imports, sorted."""
        future = ["from __future__ import annotations\n"] if annotated else []
        return future + sorted(self._lines, key=lambda line: (line.startswith("from"), line))

    def _give(self, key: tuple[object, str], wanted: str) -> str:
        if key not in self._given:
            free, number = wanted, 1
            while free in self._taken:
                number += 1
                free = f"{wanted}_{number}"
            self._given[key] = free
            self._taken.add(free)
        return self._given[key]


def _replacing(
    changes: dict[Use, tuple[str, int]],
) -> Callable[[Use, Callable[[str], bool]], tuple[str, int] | None]:
    def replace(use: Use, is_hidden: Callable[[str], bool]) -> tuple[str, int] | None:
        change = changes.get(use) or changes.get((use[0], ()))
        if change is not None and change[0] != use[0] and is_hidden(change[0]):
            raise Flaw(f"a local name hides {change[0]}")
        return change

    return replace


def _files_in_order(first: SourceFile, needs: dict[SourceFile, list[SourceFile]]) -> list[SourceFile]:
    """Return the files, each after those that it needs, as far as they do not need each other."""
    order: list[SourceFile] = []
    seen: set[SourceFile] = set()
    waiting: list[tuple[SourceFile, bool]] = [(first, False)]
    while waiting:
        file, needs_are_done = waiting.pop()
        if needs_are_done:
            order.append(file)
        elif file not in seen:
            seen.add(file)
            waiting.append((file, True))
            waiting += [(each, False) for each in reversed(needs[file])]
    return order


def _reached(target: Outside, use: Use) -> str:
    return ".".join((target.full, *use[1][target.eaten :]))


def _absolute(file: SourceFile, module: str, level: int) -> str:
    """Return the full name of a module that is imported relatively."""
    if file.origin is None or file.path is None:
        return module or "."
    parts = file.path.parent.relative_to(file.origin.base).parts
    return ".".join((*parts[: len(parts) - level + 1], *filter(None, [module])))


def _dotted(use: Use) -> str:
    return ".".join((use[0], *use[1]))


def _named(what: str, name: str) -> str:
    return what if what == name else f"{what} as {name}"


def _unparsed(statement: ast.stmt) -> str:
    text = ast.unparse(statement)
    if len(text) > MAX_CHARACTERS:
        raise Flaw(f"needs more than {MAX_CHARACTERS:,} characters")
    return text
