"""The version of a ledger, and how an older one is brought up to date, by `corpus.ledger.steps`.

This module does *not* know what a table is for.
"""

from __future__ import annotations

import sqlite3

from corpus.ledger.steps import MIGRATIONS

APPLICATION_ID = 0x61726368
"""Marks the SQLite file as ours (`arch`)."""

SCHEMA_VERSION = len(MIGRATIONS)

INDEXES = {"calls_of_cycle": "calls (cycle, path)", "stage_times_of_cycle": "stage_times (cycle)"}
"""Indexes that came later. They change no answer, so a ledger without them is no older version."""


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the version of the ledger, 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the ledger up to `SCHEMA_VERSION`, each step in one transaction with its number."""
    for version in range(schema_version(connection) + 1, SCHEMA_VERSION + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in MIGRATIONS[version - 1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def make_indexes(connection: sqlite3.Connection) -> None:
    """Make what is missing of `INDEXES`."""
    for name, columns in INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")
