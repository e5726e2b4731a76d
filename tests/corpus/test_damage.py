"""Damage to the ledger's files: a clear error or whole transactions, never a part of one, never a write."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.config import CorpusConfig
from corpus.ledger.errors import LedgerCorruptError, LedgerError, NewerSchemaError, NotALedgerError
from corpus.ledger.reader import Ledger
from corpus.ledger.schema import SCHEMA_VERSION
from corpus.ledger.steps import LEDGER_TABLES
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.gate import decide
from tests.corpus.test_similarity import grammar_programs
from tests.ledgers import candidate, evaluation, new_corpus, prompt, write_cycle

CONFIG = CorpusConfig()
JUDGED = 30


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a ledger as a killed process leaves it: most of what it wrote is in the WAL."""
    folder = tmp_path_factory.mktemp("unfinished")
    source = folder / "live"
    source.mkdir()
    with new_corpus(source) as ledger:
        ledger._connection.execute("PRAGMA wal_autocheckpoint = 0")
        ledger.add_prompts(0, [prompt(0, index) for index in range(JUDGED)])
        rows = [candidate(0, index, f"x = {index}\n") for index in range(JUDGED)]
        ledger.add_candidates(rows)
        for row in rows:
            judged = evaluation(row, 0.5)
            ledger.add_judgement(judged, decide(judged, None, CONFIG))
        for name in ("corpus.db", "corpus.db-wal"):
            shutil.copy(source / name, folder / name)
    return folder


def assert_whole(path: Path) -> int:
    """Check that a ledger holds whole transactions only, and return how many judgements."""
    with LedgerWriter.open(path) as ledger:
        assert ledger._connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert ledger._connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert len(ledger.prompts(0)) in (0, JUDGED)
        assert len(ledger.candidates(0)) in (0, JUDGED)
        judged = [row.candidate_id for row in ledger.evaluations(0)]
        assert judged == [row.candidate_id for row in ledger.admissions(0)]
        assert judged == [candidate(0, index, "").id for index in range(len(judged))]  # a prefix, no gaps
    return len(judged)


def test_a_wal_torn_anywhere_leaves_the_whole_transactions_before_the_tear(
    unfinished: Path, tmp_path: Path
) -> None:
    wal = (unfinished / "corpus.db-wal").read_bytes()
    rng = random.Random(1)
    found = []
    for cut in [*sorted(rng.sample(range(len(wal)), 25)), len(wal)]:
        shutil.copy(unfinished / "corpus.db", tmp_path / "corpus.db")
        (tmp_path / "corpus.db-wal").write_bytes(wal[:cut])
        found.append(assert_whole(tmp_path / "corpus.db"))
        for path in tmp_path.iterdir():
            path.unlink()
    assert found == sorted(found)
    assert found[-1] == JUDGED
    assert len(set(found)) > 5


def test_a_wal_with_flipped_bytes_never_gives_a_part_of_a_transaction(
    unfinished: Path, tmp_path: Path
) -> None:
    wal = (unfinished / "corpus.db-wal").read_bytes()
    rng = random.Random(2)
    for _ in range(15):
        shutil.copy(unfinished / "corpus.db", tmp_path / "corpus.db")
        at = rng.randrange(len(wal))
        flipped = wal[:at] + bytes([wal[at] ^ 0xFF]) + wal[at + 1 :]
        (tmp_path / "corpus.db-wal").write_bytes(flipped)
        assert 0 <= assert_whole(tmp_path / "corpus.db") <= JUDGED
        for path in tmp_path.iterdir():
            path.unlink()


def test_a_store_whose_wal_is_lost_is_whole_at_its_last_checkpoint(unfinished: Path, tmp_path: Path) -> None:
    shutil.copy(unfinished / "corpus.db", tmp_path / "corpus.db")
    assert assert_whole(tmp_path / "corpus.db") == 0


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    with new_corpus(folder) as ledger:
        write_cycle(ledger, 0, [(source, 0.5) for source in grammar_programs(30, seed=1)], CONFIG)
    return folder / "corpus.db"


def execute(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


DAMAGES: list[tuple[Callable[[Path], object], type[LedgerError], str]] = [
    (lambda path: path.write_bytes(path.read_bytes()[:100]), LedgerError, "archloop corpus|damaged"),
    (lambda path: path.write_bytes(path.read_bytes()[:5000]), LedgerCorruptError, "Restore a copy"),
    (lambda path: path.write_bytes(path.read_bytes()[:-4096]), LedgerCorruptError, "Restore a copy"),
    (lambda path: path.write_bytes(bytes(16) + path.read_bytes()[16:]), NotALedgerError, "Check the path"),
    (lambda path: path.write_bytes(b"\x89PNG\r\n" + bytes(9000)), NotALedgerError, "Check the path"),
    (lambda path: execute(path, "PRAGMA application_id = 7"), NotALedgerError, "Check the path"),
    (
        lambda path: execute(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}"),
        NewerSchemaError,
        "Upgrade archloop",
    ),
    (lambda path: execute(path, "PRAGMA user_version = 0"), LedgerCorruptError, "schema version is 0"),
    (lambda path: execute(path, "DROP TABLE admissions"), LedgerCorruptError, "lacks the table admissions"),
]


@pytest.mark.parametrize("kind", [Ledger, LedgerWriter])
@pytest.mark.parametrize("case", range(len(DAMAGES)))
def test_a_damaged_store_is_one_clear_line_and_stays_as_it_is(
    finished: Path, tmp_path: Path, case: int, kind: type[Ledger]
) -> None:
    damage, error, remedy = DAMAGES[case]
    path = tmp_path / "corpus.db"
    shutil.copy(finished, path)
    damage(path)
    before = path.read_bytes()
    with pytest.raises(error, match=remedy) as caught:
        kind.open(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_the_tables_that_are_looked_for_are_those_of_a_new_store(tmp_path: Path) -> None:
    new_corpus(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "corpus.db")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert set(LEDGER_TABLES) <= tables
