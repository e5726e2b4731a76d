"""A ledger that is open: its file, its connection, and how rows are asked for.

This module does *not* know tables or records.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from corpus.ledger.connection import open_database
from corpus.ledger.errors import sqlite_errors_named


class OpenLedger:
    """A file and a connection to it.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Read from `connection`, whose file is `path`; use `open`."""
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Return an existing ledger, checked."""
        return cls(path, open_database(path, read_only=True))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _only(self, query: str, key: str) -> sqlite3.Row:
        """Return the row of a key, which stands at most once.

        Raises:
            KeyError: There is none.
        """
        found = self._select(query, key)
        if not found:
            raise KeyError(key)
        return found[0]

    def rows_of(self, query: str, *parameters: Any) -> Iterator[sqlite3.Row]:
        """Yield the rows of a query one by one, for questions of `corpus.ledger` that may have very many."""
        with sqlite_errors_named(self.path):
            yield from self._connection.execute(query, parameters)

    def _select(self, query: str, *parameters: Any) -> list[sqlite3.Row]:
        with sqlite_errors_named(self.path):
            return self._connection.execute(query, parameters).fetchall()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with sqlite_errors_named(self.path):
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _snapshot(self) -> AbstractContextManager[None]:
        """Let the queries of a block see one state, even beside a writer."""
        return self._transaction("BEGIN")
