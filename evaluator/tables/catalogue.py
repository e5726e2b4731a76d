"""Which tables there are. A table is a file beside this module; `scripts/make_table.py` makes it.

This module does *not* read tables: the command line asks it for names to check a run's configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from corpus.records.mistakes import Mistake, one_of


class UnknownTableError(Mistake, ValueError):
    """There is no table of that name; the message says which there are."""


class TableSpec(NamedTuple):
    """What is known of a table before it is read.

    Attributes:
        space: The search space that it holds in whole.
        task: What its networks were trained on.
    """

    space: str
    task: str


TABLES: Mapping[str, TableSpec] = {"cells-3-digits": TableSpec(space="cells-3", task="digits")}


def table_spec(name: str) -> TableSpec:
    """Return what is known of a table.

    Raises:
        UnknownTableError: There is no such table.
    """
    if name not in TABLES:
        raise UnknownTableError(f"there is no table '{name}'.{one_of(name, TABLES)}")
    return TABLES[name]


def table_file(name: str) -> Path:
    """Return the file of a table that there is."""
    return Path(__file__).with_name(f"{name}.tsv.gz")
