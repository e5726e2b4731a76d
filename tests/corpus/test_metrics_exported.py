"""What leaves a ledger whose programs were judged by another metric than accuracy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus.exchange.exporting.dataset import TableFormat, export_dataset
from corpus.exchange.exporting.lemur import NoAccuraciesError, export_lemur
from corpus.exchange.importing.importer import import_programs, recognise
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.tasks.kinds import Metric
from tests.evaluator_programs import program as network
from tests.ledgers import new_corpus
from tests.runs import ACCURACY, RELATIVE_L2, append_cycle


@pytest.fixture
def ledger(tmp_path: Path) -> LedgerWriter:
    """Return a ledger of one cycle, four of its eight programs valid, by relative L2."""
    with new_corpus(tmp_path) as opened:
        append_cycle(opened, 0, 8, protocol=RELATIVE_L2, texts=[network()])
        return opened


def exported(ledger: Path, out: Path) -> str:
    """Export the tables and return the card."""
    with LedgerWriter.open(ledger) as opened:
        export_dataset(opened, out, TableFormat.JSONL)
    return (out / "README.md").read_text(encoding="utf-8")


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_tables_and_card_say_what_a_score_stands_for(ledger: LedgerWriter, tmp_path: Path) -> None:
    card = exported(ledger.path, tmp_path / "out")
    assert "`metric` says of what: `relative-l2`: 1 - relative L2, at least 0." in card
    for table in ("evaluations", "sft"):
        found = rows(tmp_path / "out" / f"{table}.jsonl")
        assert found and {row["metric"] for row in found} == {"relative-l2"}


def test_a_card_of_accuracies_alone_has_no_need_to(tmp_path: Path) -> None:
    with new_corpus(tmp_path) as opened:
        append_cycle(opened, 0, 8, protocol=ACCURACY)
    assert "relative" not in exported(tmp_path / "corpus.db", tmp_path / "out")
    assert {row["metric"] for row in rows(tmp_path / "out" / "evaluations.jsonl")} == {"accuracy"}


def test_an_import_of_an_earlier_export_keeps_the_metric(ledger: LedgerWriter, tmp_path: Path) -> None:
    exported(ledger.path, tmp_path / "out")
    with LedgerWriter.create(tmp_path / "second.db") as second:
        import_programs(recognise(tmp_path / "out"), second, name="fields")
    with Ledger.open(tmp_path / "second.db") as second:
        found = second.evaluations()
        assert second.valid_scores() == []  # claims of others move no threshold
    assert {(row.metric, row.data_set) for row in found} == {(Metric.RELATIVE_L2, "imported:fields/darcy-v1")}


def test_a_lemur_tree_takes_accuracies_alone(ledger: LedgerWriter, tmp_path: Path) -> None:
    with (
        Ledger.open(ledger.path) as opened,
        pytest.raises(NoAccuraciesError, match=r"judged by relative L2, .*--format parquet"),
    ):
        export_lemur(opened, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()
