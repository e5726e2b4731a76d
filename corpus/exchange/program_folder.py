"""Programs where they lie as `.py` files: a folder as a mapping from name to text, and one program as a file.

This module does *not* run, check or import them into a ledger (`corpus.exchange.importing`).
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from corpus.files.reading import MAX_PROGRAM_BYTES, UnfitFile, read_text
from corpus.ledger.errors import LedgerMissingError

MAX_FILES = 200_000
"""Most programs that are held at once."""


def write_program(path: Path, source: str) -> None:
    """Write a program as UTF-8, its line ends as they are; half a surrogate pair becomes `?`, as in a ledger.

    Raises:
        OSError: It cannot be written.
    """
    path.write_bytes(source.encode("utf-8", errors="replace"))


def read_folder(folder: Path) -> dict[str, str]:
    """Return the `.py` files below `folder` by their relative paths, sorted; bytes that are no text are `?`.

    A link that leads out of the folder is passed over.

    Raises:
        LedgerMissingError: There is no such folder, or no such file in it.
        UnfitFile: A file is larger than any program, or there are more than anybody would look at.
    """
    if not folder.is_dir():
        raise LedgerMissingError(f"{folder}: neither a run, a ledger file nor a folder. Check the path.")
    paths = sorted(islice((path for path in folder.rglob("*.py") if _is_of(folder, path)), MAX_FILES + 1))
    if len(paths) > MAX_FILES:
        raise UnfitFile(f"{folder}: holds more than {MAX_FILES:,} .py files. Name a folder within it.")
    if not paths:
        raise LedgerMissingError(f"{folder}: holds neither a run nor any .py file. Check the path.")
    return {
        str(path.relative_to(folder)): read_text(path, MAX_PROGRAM_BYTES, errors="replace") for path in paths
    }


def _is_of(folder: Path, path: Path) -> bool:
    return path.is_file() and path.resolve().is_relative_to(folder.resolve())
