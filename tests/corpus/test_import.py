"""The import: what can be used enters at once, and everything else is named with its reason."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from corpus.config import CorpusConfig
from corpus.exchange.exporting.card import ExportNotes
from corpus.exchange.exporting.dataset import TableFormat, export_dataset
from corpus.exchange.exporting.lemur import export_lemur
from corpus.exchange.importing.importer import import_programs, recognise
from corpus.exchange.importing.source import ImportReport, ImportSourceError, RejectionReason
from corpus.exchange.program_folder import read_folder
from corpus.ledger.errors import LedgerError
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.index import NoveltyIndex
from corpus.records.admissions import AdmissionReason
from corpus.records.base import content_id
from corpus.records.candidates import Origin
from corpus.records.evaluations import EvaluationStatus
from corpus.records.exchange import NO_LICENCE
from tests.corpus.exchange_sources import damaged, lemur_database, lemur_tree, network, trial
from tests.cycles.test_cli import archloop, assert_one_clear_line
from tests.ledgers import new_corpus, write_cycle

STATISTICS = {
    "img-classification_cifar-10_acc_First/1": [trial(0.5), trial(0.6, lr=0.02)],
    "img-classification_cifar-10_acc_First/2": [trial(0.7)],
    "img-classification_cifar-10_acc_Second/1": [trial(0.4)],
}


@pytest.fixture
def lemur(tmp_path: Path) -> Path:
    return lemur_tree(tmp_path / "checkout", {"First": network(1), "Second": network(2)}, STATISTICS)


def bring_in(source: Path, ledger: LedgerWriter | None, **options: Any) -> ImportReport:
    return import_programs(recognise(source), ledger, **options)


def reasons(report: ImportReport) -> dict[str, RejectionReason]:
    return {rejection.location: rejection.reason for rejection in report.rejections}


def contents(ledger: LedgerWriter) -> tuple[list[Any], list[Any]]:
    """Return programs and evaluations without what differs between stores."""
    programs = [(row.id, row.source, row.generator) for row in ledger.candidates(origin=Origin.IMPORTED)]
    return sorted(programs), sorted(row.model_dump_json() for row in ledger.evaluations())


def test_a_checkout_enters_with_its_accuracies_as_claims(lemur: Path, tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        report = bring_in(lemur, ledger)
        assert (report.programs, report.evaluations, report.rejections) == (2, 4, [])
        first, second = ledger.candidates(origin=Origin.IMPORTED)
        assert (first.source, second.source) == (network(1), network(2))
        found = ledger.evaluations()
        assert [row.accuracy for row in found] == [0.5, 0.6, 0.7, 0.4]
        assert all(
            row.protocol_id.startswith("imported:lemur/img-classification_cifar-10_acc/e") for row in found
        )
        assert found[0].wall_seconds == 1.5
        # Equal settings and epoch, hence one protocol; another learning rate or epoch is another one.
        assert found[0].protocol_id == found[3].protocol_id
        assert len({row.protocol_id for row in found}) == 3


def test_an_import_counts_for_novelty_and_never_as_an_exemplar(lemur: Path, tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        bring_in(lemur, ledger)
        assert [row.reason for row in ledger.admissions()] == [AdmissionReason.IMPORTED] * 2
        assert [evaluation for _, evaluation in ledger.admitted()] == [None, None]
        nearest = NoveltyIndex.from_ledger(ledger, CorpusConfig()).nearest(network(1))
        assert nearest is not None and nearest.jaccard == 1.0


def test_checkout_and_database_of_the_same_data_are_the_same(lemur: Path, tmp_path: Path) -> None:
    database = lemur_database(tmp_path / "ab.nn.db", {"First": network(1), "Second": network(2)}, STATISTICS)
    found = []
    for source in (lemur, database):
        with LedgerWriter.create(tmp_path / f"{source.name}.corpus.db") as ledger:
            assert bring_in(source, ledger).rejections == []
            found.append(contents(ledger))
    assert found[0] == found[1]


def test_bad_statistics_are_named_and_their_programs_enter(tmp_path: Path) -> None:
    root = lemur_tree(
        tmp_path / "checkout",
        {"Net-with_underscore": network(1)},
        {
            "img-classification_cifar-10_acc_Net-with_underscore/1": [trial(0.5), trial(0.9), 7, trial(1.5)],
            "img-captioning_coco_bleu_Net-with_underscore/1": [trial(0.5)],
            "img-classification_cifar-10_acc_Gone/1": [trial(0.5)],
            "img-classification_cifar-10_acc_Net-with_underscore/1_backup": [trial(0.5)],
            "RESULTS_RLFN/1": [trial(0.5)],
            "..x_cifar-10_acc_Net-with_underscore/1": [trial(0.5), trial("0.5"), trial(None), trial(True)],
            "img-classification_cifar-10_acc_Net-with_underscore/2": [trial(0.5, lr=float("nan"))],
            "img-classification_cifar-10_acc_Net-with_underscore/3": [trial(0.5, duration=10**400)],
        },
    )
    torn = root / "ab/nn/stat/train/img-classification_cifar-10_acc_Net-with_underscore/4.json"
    torn.write_text('[{"accuracy": 0.5')
    nested = torn.with_name("5.json")
    nested.write_text("[" * 100_000)
    with new_corpus(tmp_path) as ledger:
        report = bring_in(root, ledger)
        assert (report.programs, report.evaluations, report.trials) == (1, 1, 2)
    assert report.reasons() == {
        "BAD_STATISTICS": 11,
        "NOT_AN_ACCURACY": 2,
        "UNKNOWN_NETWORK": 1,
    }


def folder_of_trouble(root: Path) -> Path:
    """Write a folder with one good program and one of each kind of trouble."""
    folder = root / "programs"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a_good.py").write_text("# SPDX-License-Identifier: BSD-3-Clause\n" + network(1))
    (folder / "deep" / "er" / "same.py").write_text("# SPDX-License-Identifier: BSD-3-Clause\n" + network(1))
    (folder / "empty.py").write_text(" \n")
    (folder / "large.py").write_bytes(b"#" * 400_001)
    (folder / "latin.py").write_bytes(network(2).encode() + b"\n# \xe9")
    (folder / "broken.py").write_text(network(3)[:-200] + "(")
    (folder / "tool.py").write_text("print('no network')\n")
    (folder / "null.py").write_bytes(network(4).encode() + b"\0")
    (folder / "folder.py").mkdir()
    os.mkfifo(folder / "pipe.py")
    (root / "secret.py").write_text(network(5))
    (folder / "link.py").symlink_to(root / "secret.py")
    (folder / "dangling.py").symlink_to(folder / "gone.py")
    (folder / "circle.py").symlink_to(folder / "circle.py")
    os.symlink(root, folder / "up")  # noqa: PTH211 - a link to a folder, which is not followed
    (folder / "notes.txt").write_text("not a program")
    return folder


def test_every_bad_file_is_named_with_its_reason(tmp_path: Path) -> None:
    folder = folder_of_trouble(tmp_path)
    with new_corpus(tmp_path) as ledger:
        report = bring_in(folder, ledger)
        assert [row.source for row in ledger.candidates()] == [(folder / "a_good.py").read_text()]
    expected = {
        "deep/er/same.py": RejectionReason.DUPLICATE,
        "empty.py": RejectionReason.EMPTY,
        "large.py": RejectionReason.TOO_LARGE,
        "latin.py": RejectionReason.NOT_UTF8,
        "broken.py": RejectionReason.SYNTAX_ERROR,
        "tool.py": RejectionReason.NOT_A_NETWORK,
        "null.py": RejectionReason.SYNTAX_ERROR,
        "folder.py": RejectionReason.NOT_A_FILE,
        "pipe.py": RejectionReason.NOT_A_FILE,
        "link.py": RejectionReason.LINK_OUTSIDE,
        "dangling.py": RejectionReason.NOT_A_FILE,
        "circle.py": RejectionReason.NOT_A_FILE,
    }
    assert reasons(report) == expected


def test_a_folder_of_a_checkout_that_is_a_link_leads_to_nothing_outside(tmp_path: Path) -> None:
    theirs, checkout = tmp_path / "theirs", tmp_path / "checkout"
    (theirs / "stat" / "img-classification_cifar-10_acc_Secret").mkdir(parents=True)
    (theirs / "nn").mkdir()
    (theirs / "nn" / "Secret.py").write_text(network(1))
    trial = theirs / "stat" / "img-classification_cifar-10_acc_Secret" / "1.json"
    trial.write_text('[{"accuracy": 0.5}]')
    checkout.mkdir()
    (checkout / "nn").symlink_to(theirs / "nn")
    (checkout / "stat").symlink_to(theirs / "stat")
    (checkout / "LICENSE").symlink_to(theirs / "nn" / "Secret.py")
    with new_corpus(tmp_path) as ledger:
        report = bring_in(checkout, ledger)
        assert ledger.candidates() == []
    assert set(reasons(report).values()) == {RejectionReason.LINK_OUTSIDE} and len(report.rejections) == 2


def test_the_card_of_an_export_that_is_a_link_out_of_it_is_not_read(tmp_path: Path) -> None:
    export = tmp_path / "export"
    export.mkdir()
    (tmp_path / "secret").write_text("---\nsecret: 1\n---\n")
    (export / "programs.jsonl").write_text("{}")
    (export / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(ImportSourceError, match="a link that leads out of the export") as refusal:
        recognise(export)
    assert "secret" not in str(refusal.value)


def test_a_source_may_be_named_by_a_link_and_may_have_links_within(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "a.py").write_text(network(1))
    (folder / "b.py").symlink_to("a.py")
    (tmp_path / "named").symlink_to(folder)
    with new_corpus(tmp_path) as ledger:
        report = bring_in(tmp_path / "named", ledger)
    assert report.programs == 1 and reasons(report) == {"b.py": RejectionReason.DUPLICATE}


def test_a_folder_of_programs_is_looked_at_without_what_its_links_lead_to(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "a.py").write_text("x = 1")
    (tmp_path / "secret.py").write_text("secret")
    (folder / "b.py").symlink_to(tmp_path / "secret.py")
    assert read_folder(folder) == {"a.py": "x = 1"}


@pytest.mark.parametrize(
    ("option", "licence_file", "header", "expected"),
    [
        (None, None, "", NO_LICENCE),
        (None, "MIT License\n\nCopyright", "", "MIT"),
        ("Apache-2.0", "MIT License\n", "", "Apache-2.0"),
        ("Apache-2.0", None, "# SPDX-License-Identifier: GPL-3.0-only\n", "GPL-3.0-only"),
    ],
)
def test_the_most_particular_statement_of_a_licence_holds(
    tmp_path: Path, option: str | None, licence_file: str | None, header: str, expected: str
) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "a.py").write_text(header + network(1))
    if licence_file:
        (folder / "LICENSE").write_text(licence_file)
    with new_corpus(tmp_path) as ledger:
        bring_in(folder, ledger, licence=option)
        (origin,) = ledger.provenance().values()
    assert (origin.licence, origin.source, origin.location) == (expected, "programs", "a.py")


def test_a_second_import_changes_nothing(lemur: Path, tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        bring_in(lemur, ledger)
        before = contents(ledger)
        report = bring_in(lemur, ledger)
        assert contents(ledger) == before
    assert report.programs == 0
    assert report.reasons() == {"DUPLICATE": 2, "DUPLICATE_TRIAL": 4}


def test_a_dry_run_reports_the_same_and_writes_nothing(lemur: Path, tmp_path: Path) -> None:
    with new_corpus(tmp_path) as ledger:
        tried = bring_in(lemur, ledger, dry_run=True)
        assert ledger.candidates() == []
        assert bring_in(lemur, ledger) == tried.model_copy(update={"dry_run": False})


def test_a_failure_half_way_through_writing_leaves_nothing(lemur: Path, tmp_path: Path) -> None:
    """The second program contradicts a row that is there; the first must not stay."""
    source = recognise(lemur)
    with new_corpus(tmp_path) as ledger:
        found = [item for item in source.read() if item is not None]
        assert len(found) == 2
        report = import_programs(source, None, dry_run=True)
        assert report.programs == 2
        ledger._connection.execute(  # a text that claims the second program's address
            "INSERT INTO sources VALUES (?, 'another text')",
            (content_id(network(2)),),
        )
        with pytest.raises(LedgerError, match="other content"):
            import_programs(source, ledger)
        assert (ledger.candidates(), ledger.provenance(), ledger.evaluations()) == ([], {}, [])


@pytest.fixture
def run_corpus(tmp_path: Path) -> Path:
    """A ledger with valid, weak, broken and missing programs."""
    (tmp_path / "run").mkdir()
    with new_corpus(tmp_path / "run") as ledger:
        programs = [(network(10), 0.9), (network(11), 0.1), (network(12), None)]
        write_cycle(ledger, 0, programs, CorpusConfig())
    return tmp_path / "run" / "corpus.db"


@pytest.mark.parametrize("table_format", TableFormat)
def test_an_earlier_export_comes_back_equal(
    run_corpus: Path, tmp_path: Path, table_format: TableFormat
) -> None:
    with LedgerWriter.open(run_corpus) as ledger:
        export_dataset(ledger, tmp_path / "out", table_format, ExportNotes(licence="MIT"))
        originals = {row.source: row for row in ledger.candidates()}
        judged = {row.candidate_id: row for row in ledger.evaluations()}
        admitted = {row.candidate_id for row in ledger.admissions() if row.admitted}
    with new_corpus(tmp_path) as ledger:
        report = bring_in(tmp_path / "out", ledger)
        assert (report.programs, report.evaluations, report.rejections) == (3, 3, [])
        origins = ledger.provenance()
        again = {row.candidate_id: row for row in ledger.evaluations()}
        for row in ledger.candidates():
            original = originals[row.source]
            assert origins[row.id].location == original.id and origins[row.id].licence == "MIT"
            kept = {"completion", "finish_reason", "token_count", "generator", "adapter_hash", "sampling"}
            assert row.model_dump(include=kept) == original.model_dump(include=kept)
            same = again[row.id].model_copy(
                update={"candidate_id": original.id, "protocol_id": "digits-v1/test"}
            )
            assert same == judged[original.id]
            assert again[row.id].protocol_id == "imported:out/digits-v1/test"
        assert {origins[row.candidate_id].location for row in ledger.admissions()} == admitted


def test_a_lemur_export_comes_back_equal(run_corpus: Path, tmp_path: Path) -> None:
    """Exported again from where it was imported, the tree is the same to the byte."""
    with LedgerWriter.open(run_corpus) as ledger:
        settings = {"digits-v1/test": {"lr": 0.01, "momentum": 0.9}}
        counts = export_lemur(ledger, tmp_path / "first", settings=settings)
        valid = {row.source for row in ledger.candidates() if row.id != "c000/0002"}
    assert counts == {"networks": 2, "trials": 2}
    with new_corpus(tmp_path) as ledger:
        report = bring_in(tmp_path / "first", ledger)
        assert (report.programs, report.evaluations, report.rejections) == (2, 2, [])
        assert {row.source for row in ledger.candidates()} == valid
        assert sorted(row.accuracy or 0 for row in ledger.evaluations()) == [0.1, 0.9]
        assert all(row.status is EvaluationStatus.COMPLETE for row in ledger.evaluations())
        export_lemur(ledger, tmp_path / "second")
    first, second = (
        {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
        for root in (tmp_path / "first", tmp_path / "second")
    )
    assert first == second


def test_a_lemur_export_keeps_lemurs_conventions(run_corpus: Path, tmp_path: Path) -> None:
    """What its loader asks for: four parts between underscores, an epoch, trials it can take apart."""
    with LedgerWriter.open(run_corpus) as ledger:
        export_lemur(ledger, tmp_path / "out", settings={"digits-v1/test": {"lr": 0.01, "momentum": 0.9}})
    networks = {path.stem for path in (tmp_path / "out/ab/nn/nn").iterdir()}
    uids = set()
    for path in (tmp_path / "out/ab/nn/stat/train").glob("*/*.json"):
        task, dataset, metric, name = path.parent.name.split("_")
        assert (task, dataset, metric, int(path.stem)) == ("img-classification", "digits-v1", "acc", 1)
        assert name in networks
        for row in json.loads(path.read_text()):
            assert isinstance(row.pop("duration"), int) and 0 <= row.pop("accuracy") <= 1
            uids.add(row.pop("uid"))
            assert row == {"lr": 0.01, "momentum": 0.9, "transform": "norm", "protocol": "digits-v1/test"}
    assert len(uids) == len(networks) == 2


def parquet(root: Path, config: str) -> Path:
    return next((root / config).iterdir())


def damage_parquet(root: Path, how: str) -> None:
    import pyarrow
    import pyarrow.parquet

    path = parquet(root, "programs")
    table = pyarrow.parquet.read_table(path)
    if how == "missing":
        pyarrow.parquet.write_table(table.drop_columns(["generator"]), path)
    elif how == "mistyped":
        place = table.schema.get_field_index("index")
        texts = table.column("index").cast(pyarrow.string())
        pyarrow.parquet.write_table(table.set_column(place, "index", texts), path)
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    elif how == "shorter":
        pyarrow.parquet.write_table(table.slice(1), path)
    elif how == "unknown value":
        place = table.schema.get_field_index("origin")
        wrong = pyarrow.array(["stolen"] * len(table))
        pyarrow.parquet.write_table(table.set_column(place, "origin", wrong), path)
    elif how == "gone":
        path.unlink()
    elif how == "no card":
        (root / "README.md").unlink()
    elif how == "torn card":
        card = (root / "README.md").read_text()
        (root / "README.md").write_text(card[: len(card) // 4])


@pytest.mark.parametrize("table_format", TableFormat)
def test_an_export_from_before_there_was_a_signature_comes_in(
    run_corpus: Path, tmp_path: Path, table_format: TableFormat
) -> None:
    import pyarrow.parquet

    with LedgerWriter.open(run_corpus) as ledger:
        export_dataset(ledger, tmp_path / "out", table_format)
    if table_format is TableFormat.PARQUET:
        for path in (tmp_path / "out" / "programs").iterdir():
            table = pyarrow.parquet.read_table(path)
            pyarrow.parquet.write_table(table.drop_columns(["minhash"]), path)
    else:
        path = tmp_path / "out" / "programs.jsonl"
        path.write_text(re.sub(r', "minhash": (null|\[[\d, ]*\])', "", path.read_text()))
        assert "minhash" not in path.read_text()
    with new_corpus(tmp_path) as ledger:
        assert bring_in(tmp_path / "out", ledger).programs == 3


@pytest.mark.parametrize("form", [TableFormat.PARQUET, TableFormat.JSONL])
def test_an_export_from_before_a_column_was_added_still_comes_in(
    run_corpus: Path, tmp_path: Path, form: TableFormat
) -> None:
    with LedgerWriter.open(run_corpus) as ledger:
        export_dataset(ledger, tmp_path / "out", form)
        accuracies = [each.accuracy for each in ledger.evaluations()]
    later = ["passes", "kept_bytes", "latency_seconds"]
    if form is TableFormat.PARQUET:
        import pyarrow.parquet

        for path in (tmp_path / "out" / "evaluations").iterdir():
            table = pyarrow.parquet.read_table(path)
            pyarrow.parquet.write_table(table.drop_columns(later), path)
    else:
        path = tmp_path / "out" / "evaluations.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        kept = [{name: value for name, value in row.items() if name not in later} for row in rows]
        path.write_text("".join(json.dumps(row) + "\n" for row in kept))
    with new_corpus(tmp_path) as ledger:
        bring_in(tmp_path / "out", ledger)
        found = ledger.evaluations()
    assert found and {each.passes for each in found} == {None}
    assert {each.accuracy for each in found} <= set(accuracies)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "column generator is missing"),
        ("mistyped", "column index is string, not int64"),
        ("truncated", "not a whole Parquet file"),
        ("shorter", r"holds \d+ rows, but the card says \d+"),
        ("unknown value", "row 1: origin"),
        ("gone", "not a whole Parquet file"),
        ("no card", "the card .* is missing"),
        ("torn card", "damaged"),
    ],
)
def test_a_damaged_parquet_export_is_an_error_and_nothing_enters(
    run_corpus: Path, tmp_path: Path, how: str, message: str
) -> None:
    with LedgerWriter.open(run_corpus) as ledger:
        export_dataset(ledger, tmp_path / "out", TableFormat.PARQUET)
    damage_parquet(tmp_path / "out", how)
    with new_corpus(tmp_path) as ledger:
        with pytest.raises(ImportSourceError, match=message):
            bring_in(tmp_path / "out", ledger)
        assert ledger.candidates() == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[:-50], "line 3"),
        (lambda text: text[: text.rindex("\n", 0, -1) + 1], "holds 2 rows, but the card says 3"),
        (lambda text: text.replace('"generator"', '"generated"', 1), "line 1: generator"),
        (lambda text: text.replace('"index": 1', '"index": "1"', 1), "line 2: index"),
        (lambda text: "\udcff" + text, "line 1: not UTF-8"),
    ],
    ids=["torn", "shorter", "missing", "mistyped", "no text"],
)
def test_a_damaged_jsonl_export_is_an_error_and_nothing_enters(
    run_corpus: Path, tmp_path: Path, damage: Any, message: str
) -> None:
    with LedgerWriter.open(run_corpus) as ledger:
        export_dataset(ledger, tmp_path / "out", TableFormat.JSONL)
    path = tmp_path / "out" / "programs.jsonl"
    path.write_text(damage(path.read_text()), errors="surrogateescape")
    with new_corpus(tmp_path) as ledger:
        with pytest.raises(ImportSourceError, match=message):
            bring_in(tmp_path / "out", ledger)
        assert ledger.candidates() == []


def test_a_source_that_is_none_is_one_clear_line(run_corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.db").write_text("no database")
    lemur_database(tmp_path / "torn.db", {"First": network(1)}, {})
    content = (tmp_path / "torn.db").read_bytes()
    (tmp_path / "torn.db").write_bytes(content[:4096] + bytes(len(content) - 4096))
    for source, message in (
        (tmp_path / "gone", "there is nothing"),
        (tmp_path / "empty", "no .py files"),
        (tmp_path / "text.db", "not a LEMUR database"),
        (run_corpus, "Export it first"),
    ):
        with pytest.raises(ImportSourceError, match=message):
            recognise(source)
    with pytest.raises(ImportSourceError, match="not a readable LEMUR database"):
        list(recognise(tmp_path / "torn.db").read())


def fuzzed_checkout(root: Path, count: int) -> Path:
    """Write a LEMUR tree whose programs, and some of whose statistics, are broken in many ways."""
    rng = random.Random(0)
    lemur_tree(root, {}, {})
    base = root / "ab" / "nn"
    sources = [network(seed) for seed in range(60)]
    for index in range(count):
        (base / "nn" / f"net-{index}.py").write_bytes(damaged(rng.choice(sources) + f"# {index}\n", rng))
        if index % 3 == 0:
            folder = base / "stat" / "train" / f"img-classification_cifar-10_acc_net-{index}"
            folder.mkdir()
            text = json.dumps([trial(rng.random()) for _ in range(3)]).encode()
            cut = rng.choice([len(text), rng.randrange(len(text))])
            (folder / "1.json").write_bytes(text[:cut])
    return root


def check_fuzzed_import(tmp_path: Path, count: int) -> ImportReport:
    checkout = fuzzed_checkout(tmp_path / "checkout", count)
    with new_corpus(tmp_path) as ledger:
        report = bring_in(checkout, ledger)
        entered = {origin.location for origin in ledger.provenance().values()}
        refused = {row.location for row in report.rejections if row.location.endswith(".py")}
    files = {path.relative_to(checkout).as_posix() for path in (checkout / "ab/nn/nn").glob("*.py")}
    assert entered | refused == files - {"ab/nn/nn/__init__.py"} and not entered & refused
    assert len(entered) > count / 10
    expected = {"EMPTY", "TOO_LARGE", "NOT_UTF8", "SYNTAX_ERROR", "NOT_A_NETWORK", "BAD_STATISTICS"}
    assert expected <= report.reasons().keys()
    return report


def test_a_hundred_files_broken_in_many_ways_are_entered_or_named(tmp_path: Path) -> None:
    check_fuzzed_import(tmp_path, 150)


@pytest.mark.slow
def test_thousands_of_files_broken_in_many_ways_are_entered_or_named(tmp_path: Path) -> None:
    start = time.monotonic()
    report = check_fuzzed_import(tmp_path, 2_000)
    print(f"2,000 files in {time.monotonic() - start:.1f} s, {report.programs} entered: {report.reasons()}")


def test_the_command_imports_into_a_new_corpus_and_says_what_it_left(tmp_path: Path) -> None:
    folder = folder_of_trouble(tmp_path)
    tried = archloop("import", folder, tmp_path / "new.db", "--dry-run", "--json")
    assert tried.returncode == 0, tried.stderr
    assert not (tmp_path / "new.db").exists()
    done = archloop("import", folder, tmp_path / "new.db", "--licence", "MIT", "--json")
    assert done.returncode == 0, done.stderr
    *rejected, summary = map(json.loads, done.stdout.splitlines())
    assert Counter(row["reason"] for row in rejected) == summary["rejected"]
    assert (summary["programs"], len(rejected)) == (1, 12)
    again = archloop("export", tmp_path / "new.db", tmp_path / "out", "--format", "parquet", "--json")
    assert json.loads(again.stdout)["programs"] == 1


def test_a_failed_import_leaves_no_new_corpus(lemur: Path, tmp_path: Path) -> None:
    result = archloop("import", lemur, tmp_path / "new.db", "--licence", "a licence")
    assert_one_clear_line(result, "not an SPDX expression")
    assert [path.name for path in tmp_path.iterdir()] == ["checkout"]


INTERRUPTED = """\
import signal

from corpus.ledger.writer import LedgerWriter
from cycles.cli.app import main

open_writer = LedgerWriter.open

def opened(path):
    signal.signal(signal.SIGVTALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.05)
    return open_writer(path)

LedgerWriter.open = opened
main()
"""
"""Ctrl-C after a twentieth of a second of work since the ledger was opened, by the process's own clock: on a
machine that stands still for a while nothing is finished meanwhile."""


def test_ctrl_c_imports_nothing(tmp_path: Path) -> None:
    checkout = fuzzed_checkout(tmp_path / "checkout", 600)
    ledger = tmp_path / "kept.db"
    LedgerWriter.create(ledger).close()
    command = [sys.executable, "-c", INTERRUPTED, "import", str(checkout), str(ledger)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 130, ended.stderr
    assert "nothing was imported" in ended.stderr
    with Ledger.open(ledger) as opened:
        assert opened.candidates() == []


def test_a_push_that_fails_is_one_line_and_the_export_stays(
    run_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    pushed = archloop("export", run_corpus, tmp_path / "b", "--push", "someone/something")
    assert pushed.returncode == 2
    assert "is written, but not pushed to someone/something" in pushed.stderr
    assert (tmp_path / "b" / "README.md").exists()
