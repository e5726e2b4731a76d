"""Program texts from a folder: every regular .py file in it, checked before anything else looks at it.

Links to directories are not followed; what a link leads to, be it the file's own or that of a folder on the
way, counts only if it stays within the source. This module does *not* parse programs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from corpus.exchange.importing.source import Found, ImportSourceError, Rejection, RejectionReason
from corpus.files.licences import LICENCE_FILES, licence_by_title, licence_of_source
from corpus.files.reading import MAX_PROGRAM_BYTES, read_bytes

MAX_FILES = 1_000_000
"""Most files that an import looks at: LEMUR has a statistics file for each network and epoch."""


class Folder:
    """A folder of programs, searched to its bottom."""

    kind = "folder of .py files"

    def __init__(self, root: Path) -> None:
        """Take the folder's own name for the collection's."""
        self._root = root
        self._paths = python_files(root)
        self.name = root.resolve().name or "folder"
        self.licence = stated_licence(root)

    def steps(self) -> int:
        """Return the number of files."""
        return len(self._paths)

    def read(self) -> Iterator[Found | Rejection | None]:
        """Yield every .py file as a program or a rejection."""
        for path in self._paths:
            yield read_program(path, self._root)


def python_files(root: Path) -> list[Path]:
    """Return all paths below `root` that end in .py, sorted; hidden directories are passed over."""
    return list(listed(root, _python_files(root)))


def listed(root: Path, paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files of a source.

    Raises:
        ImportSourceError: There are more than anybody would import at once.
    """
    for count, path in enumerate(paths, start=1):
        if count > MAX_FILES:
            raise ImportSourceError(f"{root}: holds more than {MAX_FILES:,} files. Import it in parts.")
        yield path


def _python_files(root: Path) -> Iterator[Path]:
    for folder, directories, files in os.walk(root):
        directories[:] = sorted(name for name in directories if not name.startswith((".", "__pycache__")))
        # A directory may be named like a program; it is reported, and searched nevertheless.
        named = [*files, *(name for name in directories if name.endswith(".py"))]
        yield from (Path(folder, name) for name in sorted(named) if name.endswith(".py"))


def read_program(path: Path, root: Path) -> Found | Rejection:
    """Return the program in `path`, or why there is none; `root` is the source that it must lie in."""
    location = printable(path.relative_to(root).as_posix())
    text = read_text(path, root, MAX_PROGRAM_BYTES)
    if isinstance(text, Rejection):
        return text
    if not text.strip():
        return Rejection(location=location, reason=RejectionReason.EMPTY)
    return Found(location=location, text=text, licence=licence_of_source(text))


def read_text(path: Path, root: Path, limit: int) -> str | Rejection:
    """Return the text of a file within `root` of at most `limit` bytes, or why it cannot be had."""

    def refused(reason: RejectionReason, detail: str = "") -> Rejection:
        return Rejection(location=printable(path.relative_to(root).as_posix()), reason=reason, detail=detail)

    try:
        if leads_outside(path, root):
            return refused(RejectionReason.LINK_OUTSIDE, printable(str(path.resolve())))
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return refused(RejectionReason.NOT_A_FILE)
        if status.st_size > limit:
            return refused(RejectionReason.TOO_LARGE, f"{status.st_size} bytes, the limit is {limit}")
        content = read_bytes(path, limit)
    except (FileNotFoundError, RuntimeError):  # a dangling link, or links in a circle
        return refused(RejectionReason.NOT_A_FILE, "a link to nothing")
    except OSError as error:
        return refused(RejectionReason.UNREADABLE, error.strerror or "")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return refused(RejectionReason.NOT_UTF8, f"byte {error.start}: {error.reason}")


def leads_outside(path: Path, root: Path) -> bool:
    """Return whether a path below `root` leads, by a link anywhere on the way, to what is not below it."""
    return not path.resolve().is_relative_to(root.resolve())


def stated_licence(root: Path) -> str | None:
    """Return the SPDX id of a licence file in `root` whose first line is a well-known title, else None."""
    for name in LICENCE_FILES:
        if (root / name).is_file():
            text = read_text(root / name, root, MAX_PROGRAM_BYTES)
            return None if isinstance(text, Rejection) else licence_by_title(text)
    return None


def printable(path: str) -> str:
    """Return a path as text that can be stored; bytes that are no UTF-8 become escapes."""
    return path.encode("utf-8", "backslashreplace").decode()
