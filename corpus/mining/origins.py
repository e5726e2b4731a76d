"""Where source code lies that modules are mined from: a file, a folder, the sources of an installed package.

A package is found by name as Python would find it on its path, but nothing of it is imported: only its top
name is looked up, and what is below it is a folder of files. What is installed beside a package says its
version and its licence. This module does *not* read source code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import PathFinder
from itertools import islice
from pathlib import Path

from corpus.files.licences import LICENCE_FILES, licence_by_title
from corpus.files.reading import MAX_NOTES_BYTES, read_text
from corpus.records.exchange import NO_LICENCE
from corpus.records.mistakes import Mistake

MAX_FILES = 20_000
"""Most files of one origin; torch has 2,700. Our choice."""

_MAX_ENTRIES = 200_000
"""Most entries of folders that are looked at for them."""

_MAX_INSTALLED = 5_000
_LONGEST_LICENCE = 200
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_CLASSIFIER = "License :: OSI Approved :: "


class UnknownSourceError(Mistake):
    """Neither a file, nor a folder, nor an installed package with sources."""


@dataclass(frozen=True)
class Origin:
    """One place that modules come from.

    Attributes:
        name: What it is called, with its version where that is known: `torch 2.13.0`.
        top: The folder that its files lie in, and beyond which nothing is read: a package's own.
        base: The folder in which absolute imports of its own files start.
        licence: Its licence; a file may state another.
        start: What is mined: `top`, a folder below it, or one file.
    """

    name: str
    top: Path
    base: Path
    licence: str
    start: Path

    def files(self) -> Iterator[Path]:
        """Yield its files, sorted folder by folder; hidden folders and virtual environments are passed over.

        At most `MAX_FILES` are yielded. Links to folders are not followed.
        """
        yield from islice(_python_files(self.start), MAX_FILES)

    def location(self, path: Path) -> str:
        """Return a file's path within it, in words that can be stored."""
        return path.relative_to(self.top).as_posix().encode("utf-8", "backslashreplace").decode()


def find_origin(name: str) -> Origin:
    """Return what a user means by a path, or by the dotted name of an installed package or a part of it.

    A path that exists goes before a package of that name.

    Raises:
        UnknownSourceError: It is neither.
    """
    with suppress(OSError):  # a name that is too long for a file
        if Path(name).exists():
            return _origin(Path(name).resolve())
        if _DOTTED.fullmatch(name) and (found := installed(name)) is not None:
            return found
    raise UnknownSourceError(
        f"{name}: no file, no folder and no installed package with sources. Name a folder or a file of "
        "Python code, or install the package."
    )


def installed(name: str) -> Origin | None:
    """Return an installed package, or the part of it that a dotted name means; None where there is none."""
    top, *parts = name.split(".")
    try:
        spec = PathFinder.find_spec(top)
    except (ImportError, ValueError):
        return None
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place).joinpath(*parts)
        if folder.is_dir():
            return _origin(folder.resolve())
        if folder.with_suffix(".py").is_file():
            return _origin(folder.with_suffix(".py").resolve())
    return None


def _origin(start: Path) -> Origin:
    top = start if start.is_dir() else start.parent
    if not (top / "__init__.py").is_file():
        licence = _licence_file(top) or NO_LICENCE
        return Origin(start.name or "folder", top=top, base=top, licence=licence, start=start)
    while (top.parent / "__init__.py").is_file():
        top = top.parent
    noted = _distribution(top)
    licence = noted.licence or _licence_file(top) or _licence_file(top.parent) or NO_LICENCE
    return Origin(noted.name, top=top, base=top.parent, licence=licence, start=start)


def _python_files(start: Path) -> Iterator[Path]:
    if start.is_file():
        yield start
        return
    looked_at = 0
    for folder, directories, files in os.walk(start):
        directories[:] = sorted(name for name in directories if not _passed_over(Path(folder, name)))
        looked_at += len(directories) + len(files)
        if looked_at > _MAX_ENTRIES:
            return
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))


def _passed_over(folder: Path) -> bool:
    return folder.name.startswith((".", "__pycache__")) or (folder / "pyvenv.cfg").exists()


@dataclass(frozen=True)
class _Distribution:
    name: str
    licence: str | None


def _distribution(package: Path) -> _Distribution:
    """Return what is noted beside a package of its version and licence, else its name alone."""
    notes = sorted(islice(package.parent.glob("*.dist-info"), _MAX_INSTALLED))
    same = [each for each in notes if _plain(each.name.partition("-")[0]) == _plain(package.name)]
    for each in same or [each for each in notes if package.name in _lines(each / "top_level.txt")]:
        fields = _fields(each / "METADATA")
        if "name" in fields:
            version = fields.get("version", [""])[0]
            return _Distribution(f"{fields['name'][0]} {version}".strip(), _licence(fields))
    return _Distribution(package.name, None)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(fields: dict[str, list[str]]) -> str | None:
    """Return the licence that a package's metadata state, in SPDX's words where they use them."""
    stated = [*fields.get("license-expression", []), *fields.get("license", [])]
    classified = [each for each in fields.get("classifier", []) if each.startswith(_CLASSIFIER)]
    stated += [each.removeprefix(_CLASSIFIER) for each in classified]
    return next((each for each in stated if 0 < len(each) <= _LONGEST_LICENCE), None)


def _fields(path: Path) -> dict[str, list[str]]:
    """Return the fields of a package's metadata by name in small letters, each by its first line."""
    fields: dict[str, list[str]] = {}
    for line in _lines(path):
        if not line:
            break
        name, found, value = line.partition(": ")
        if found and not line[0].isspace():
            fields.setdefault(name.lower(), []).append(value.strip())
    return fields


def _lines(path: Path) -> list[str]:
    try:
        return read_text(path, MAX_NOTES_BYTES, errors="replace").split("\n")
    except OSError:
        return []


def _licence_file(folder: Path) -> str | None:
    for name in LICENCE_FILES:
        if (folder / name).is_file():
            return licence_by_title("\n".join(_lines(folder / name)))
    return None
