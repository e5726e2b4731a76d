"""A SQLite file of a stranger: its ordinary tables, row by row, within bounds of time and memory.

A view, a virtual table or a generated column is a program in the stranger's hand, and a default may stand for
a large text in every row, so none of the first three is read, and what a query costs and yields is bounded by
the size of the file. This module does *not* know what the tables mean.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from corpus.exchange.importing.source import ImportSourceError

_STEPS_PER_BYTE = 10
"""Steps of SQLite's virtual machine for each byte of the file: a row of ten columns takes about 13."""

_LEAST_STEPS = 1_000_000
_STEPS_AT_ONCE = 10_000
_LEAST_CHARACTERS = 1_000_000


class ForeignDatabase:
    """The tables of one file."""

    def __init__(self, path: Path) -> None:
        """Take the path; nothing is read yet."""
        self._path = path
        self._size = path.stat().st_size

    def tables(self) -> set[str]:
        """Return the names of the tables that hold rows themselves.

        Raises:
            ImportSourceError: The file is no readable database.
        """
        # A virtual table has no page of its own.
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
        return {row[0] for row in self._select(query)}

    def count(self, table: str) -> int:
        """Return the number of rows of a table.

        Raises:
            ImportSourceError: It cannot be read.
        """
        return int(next(self._select(f"SELECT count(*) FROM {table}"))[0])

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a table in their order; a text that is no UTF-8 arrives as bytes.

        Raises:
            ImportSourceError: It lacks a column or computes one, cannot be read, or yields more than the file
                can hold.
        """
        stored = {row[1] for row in self._select(f"PRAGMA table_xinfo({table})") if not row[6]}
        for name in columns:
            if name not in stored:
                raise ImportSourceError(f"{self._path}: the table {table} stores no column {name}.")
        left = _LEAST_CHARACTERS + 2 * self._size
        for row in self._select(f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid"):
            left -= sum(len(value) for value in row if isinstance(value, str | bytes))
            if left < 0:
                raise ImportSourceError(f"{self._path}: {table} yields more text than the file can hold.")
            yield row

    def _select(self, query: str) -> Iterator[tuple[Any, ...]]:
        left = (_LEAST_STEPS + _STEPS_PER_BYTE * self._size) // _STEPS_AT_ONCE

        def used_up() -> bool:
            nonlocal left
            left -= 1
            return left < 0

        try:
            uri = f"file:{quote(str(self._path.resolve()))}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(_LEAST_CHARACTERS + self._size, 2**30))
                connection.set_progress_handler(used_up, _STEPS_AT_ONCE)
                connection.text_factory = _text
                yield from connection.execute(query)
        except sqlite3.OperationalError as error:
            said = "reading it takes more steps than a file of its size needs" if left < 0 else str(error)
            raise ImportSourceError(f"{self._path}: not a readable LEMUR database ({said}).") from None
        except sqlite3.Error as error:
            raise ImportSourceError(f"{self._path}: not a readable LEMUR database ({error}).") from None


def _text(content: bytes) -> str | bytes:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content
