"""Mined modules and probes in the ledger: kept as they are, each once, and taken along to other ledgers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from corpus.ledger.errors import ConflictError
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from tests.ledgers import module, probe


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerWriter]:
    with LedgerWriter.create(tmp_path / "corpus.db") as opened:
        yield opened


def test_modules_and_probes_come_back_as_they_were_in_their_order(ledger: LedgerWriter) -> None:
    probes = [probe(1), probe(0, failure="it fails", formula=(0, 1.5, 0, 0, 2, 0)), probe(1, setting={})]
    ledger.add_modules([module(1), module(0)], probes[:2])
    ledger.add_modules([], probes[2:])
    with Ledger.open(ledger.path) as reader:
        assert reader.modules() == [module(1), module(0)]
        assert reader.module_probes() == probes
        assert reader.module_probes(module(1).id) == [probes[0], probes[2]]
        assert reader.module_probes("nothing") == []


def test_what_is_known_stays_as_it_was_first_written(ledger: LedgerWriter) -> None:
    ledger.add_modules([module(0)], [probe(0)])
    elsewhere = module(0).model_copy(update={"origin": "my folder"})
    again = probe(0, seconds=9.0, setting={"sizes": [1, 2.5], "act": None, "width": "$in"})
    ledger.add_modules([elsewhere, elsewhere, module(1)], [again, again])
    assert ledger.modules() == [module(0), module(1)]
    assert ledger.module_probes() == [probe(0)]


def test_a_probe_of_no_known_module_leaves_nothing_behind(ledger: LedgerWriter) -> None:
    with pytest.raises(ConflictError):
        ledger.add_modules([module(0)], [probe(0), probe(1)])
    assert ledger.modules() == [] and ledger.module_probes() == []


def test_any_text_can_be_stored(ledger: LedgerWriter) -> None:
    odd = module(0).model_copy(
        update={"text": "half a pair \ud800 \0", "location": "\ud800.py:A", "flaw": "\udfff"}
    )
    ledger.add_modules([odd])
    assert ledger.modules() == [
        odd.model_copy(update={"text": "half a pair ? \0", "location": "?.py:A", "flaw": "?"})
    ]


def test_a_library_is_taken_along_to_another_ledger(ledger: LedgerWriter, tmp_path: Path) -> None:
    ledger.add_modules([module(0), module(1)], [probe(0), probe(1)])
    with LedgerWriter.create(tmp_path / "other.db") as other:
        other.add_modules([module(1)], [probe(1, seconds=7.0)])
        for _ in range(2):
            other.copy_modules(ledger)
        assert other.modules() == [module(1), module(0)]
        assert other.module_probes() == [probe(1, seconds=7.0), probe(0)]


def test_the_text_of_a_module_stands_once(ledger: LedgerWriter) -> None:
    twin = module(0).model_copy(update={"id": "another", "name": "Other"})
    ledger.add_modules([module(0), twin])
    with closing(sqlite3.connect(ledger.path)) as connection:
        assert connection.execute("SELECT count(*) FROM sources").fetchone() == (1,)
