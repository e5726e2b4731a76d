"""What a name in a source file stands for, followed through imports within its package or folder.

Files are read when a name leads to them, and kept until `forget`. What lies outside is not read, with one
exception: torch, whose classes others derive from. This module does *not* run imports: a name that only comes
to be when code runs stands for nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from corpus.mining.files import Imported, SourceFile, Unreadable
from corpus.mining.names import Use
from corpus.mining.origins import Origin, installed
from corpus.mining.permitted import PERMITTED

MAX_HELD = 6_000_000
"""Characters of files that are held at once, a few hundred megabytes as syntax trees. Our choice."""

_MAX_STEPS = 64
"""Most files that one name is followed through."""


@dataclass(frozen=True, eq=False)
class Inside:
    """A name that a file binds.

    Attributes:
        file: The file.
        name: The name there.
        eaten: How many attributes led to it.
    """

    file: SourceFile
    name: str
    eaten: int = 0


@dataclass(frozen=True)
class Outside:
    """Something that is imported from elsewhere.

    Attributes:
        module: The module.
        name: What is taken from it, None for the module itself.
        whole: Whether it is the top of a module that is imported by its full name, `import a.b`.
        also: Modules whose import, too, the use rests on.
        eaten: How many attributes led to it.
    """

    module: str
    name: str | None = None
    whole: bool = False
    also: tuple[str, ...] = ()
    eaten: int = 0

    @property
    def full(self) -> str:
        """Its dotted name."""
        return ".".join(filter(None, (self.module, self.name)))


@dataclass(frozen=True, eq=False)
class Within:
    """A module of the package itself, as a value.

    Attributes:
        path: Its file.
        eaten: How many attributes led to it.
    """

    path: Path
    eaten: int = 0


Target = Inside | Outside | Within
_Seen = set[tuple[Path | None, str]]


class Resolver:
    """Follows names from file to file.

    Attributes:
        skipped: Why files were passed over, with their number.
    """

    def __init__(self) -> None:
        """Hold no file yet."""
        self.skipped: Counter[str] = Counter()
        self._files: dict[Path, SourceFile | None] = {}
        self._known: dict[tuple[SourceFile, Use], Target | None] = {}
        self._held = 0

    def file(self, path: Path, origin: Origin) -> SourceFile | None:
        """Return a file of an origin, None where it is passed over."""
        if path not in self._files:
            try:
                found = SourceFile.read(path, origin)
                self._held += sum(map(len, found.lines))
            except Unreadable as reason:
                found = None
                self.skipped[str(reason)] += 1
            self._files[path] = found
        return self._files[path]

    def forget(self) -> bool:
        """Let go of all files if they are many, and return whether that was so."""
        if self._held < MAX_HELD:
            return False
        self._files.clear()
        self._known.clear()
        self._held = 0
        return True

    @cached_property
    def torch(self) -> Origin | None:
        """The installed torch, None where there is none."""
        return installed("torch")

    def resolve(self, file: SourceFile, use: Use) -> Target | None:
        """Return what a name stands for that a file uses; None where nothing binds it."""
        if (file, use) not in self._known:
            self._known[file, use] = self._name(file, use[0], use[1], set())
        return self._known[file, use]

    def dotted(self, origin: Origin, parts: tuple[str, ...]) -> Target | None:
        """Return what a dotted name stands for that begins at the base of an origin."""
        return self._below(origin, origin.base, parts[:1], parts[1:], 0, set())

    def _name(self, file: SourceFile, name: str, attributes: tuple[str, ...], seen: _Seen) -> Target | None:
        if (file.path, name) in seen or len(seen) > _MAX_STEPS:
            return None
        seen.add((file.path, name))
        if name in file.bound:
            return Inside(file, name)
        imported = file.imports.get(name)
        if imported is not None:
            return self._imported(file, imported, attributes, seen)
        for star in file.stars:
            target = self._star(file, star, name, attributes, seen)
            if target is not None:
                return target
        return None

    def _imported(
        self,
        file: SourceFile,
        imported: Imported,
        attributes: tuple[str, ...],
        seen: _Seen,
    ) -> Target | None:
        origin, start = file.origin, self._start(file, imported)
        if origin is None or start is None:
            return _outside(file, imported, attributes)
        parts = tuple(filter(None, imported.module.split(".")))
        if imported.name is None:
            parts = parts[:1] if imported.whole else parts
            return self._below(origin, start, parts, attributes, 0, seen)
        return self._below(origin, start, parts, (imported.name, *attributes), -1, seen)

    def _star(
        self,
        file: SourceFile,
        star: Imported,
        name: str,
        attributes: tuple[str, ...],
        seen: _Seen,
    ) -> Target | None:
        origin, start = file.origin, self._start(file, star)
        if origin is None or start is None:
            known = star.module == "torch.nn" and name[:1].isupper() and name.isidentifier()
            return Outside(star.module, name) if known else None
        path = _file_of(start, tuple(filter(None, star.module.split("."))))
        there = None if path is None else self.file(path, origin)
        if there is None or (name.startswith("_") if there.exported is None else name not in there.exported):
            return None
        return self._name(there, name, attributes, seen)

    def _below(
        self,
        origin: Origin,
        start: Path,
        parts: tuple[str, ...],
        attributes: tuple[str, ...],
        eaten: int,
        seen: _Seen,
    ) -> Target | None:
        """Follow attributes of a module of the origin: names that it binds, or modules below it."""
        for _ in range(_MAX_STEPS):
            path = _file_of(start, parts)
            if path is None:
                return None
            if not attributes:
                return Within(path, eaten)
            there = self.file(path, origin) if path.suffix == ".py" else None
            target = None if there is None else self._name(there, attributes[0], attributes[1:], seen)
            if target is not None:
                return _further(target, eaten + 1)
            parts, attributes, eaten = (*parts, attributes[0]), attributes[1:], eaten + 1
        return None

    def _start(self, file: SourceFile, imported: Imported) -> Path | None:
        """Return the folder in which an import begins, None where it leads out of the file's origin."""
        origin, path = file.origin, file.path
        if origin is None or path is None:
            return None
        if imported.level:
            folder = path.parent
            for _ in range(imported.level - 1):
                folder = folder.parent
            return folder if folder.is_relative_to(origin.top) else None
        top = imported.module.partition(".")[0]
        if origin.base != origin.top:  # a package: its own name alone leads into it
            return origin.base if top == origin.top.name else None
        if top in PERMITTED:
            return None
        own = _package_base(path, origin)
        return next((each for each in (own, origin.base, path.parent) if _file_of(each, (top,))), None)


def _outside(file: SourceFile, imported: Imported, attributes: tuple[str, ...]) -> Outside | None:
    if imported.level:
        return None
    if not imported.whole:
        return Outside(imported.module, imported.name)
    top = imported.module.partition(".")[0]
    used = ".".join((top, *attributes)) + "."
    also = [each for each in file.plain_imports if "." in each and used.startswith(f"{each}.")]
    return Outside(top, whole=True, also=tuple(dict.fromkeys(also)))


def _further(target: Target, eaten: int) -> Target:
    if isinstance(target, Inside):
        return Inside(target.file, target.name, target.eaten + eaten)
    if isinstance(target, Within):
        return Within(target.path, target.eaten + eaten)
    return Outside(target.module, target.name, target.whole, target.also, target.eaten + eaten)


def _file_of(start: Path, parts: tuple[str, ...]) -> Path | None:
    """Return the file of a module, its folder where that has no `__init__.py`, None without either."""
    place = start.joinpath(*parts)
    try:
        for path in (place / "__init__.py", place.parent / f"{place.name}.py"):
            if path.is_file() and (parts or path.parent == place):
                return path
        return place if place.is_dir() else None
    except OSError:  # a name that is too long for a file
        return None


def _package_base(path: Path, origin: Origin) -> Path:
    """Return the folder in which a file's own package stands, within a folder that is none itself."""
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder != origin.top:
        folder = folder.parent
    return folder
