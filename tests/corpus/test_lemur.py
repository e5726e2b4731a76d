"""LEMUR's data of this year: what makes a protocol, what repeats one, what its own loader takes."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import DatasetCard

from corpus.config import CorpusConfig
from corpus.exchange.exporting.card import ExportNotes
from corpus.exchange.exporting.dataset import TableFormat, export_dataset
from corpus.exchange.exporting.lemur import export_lemur
from corpus.exchange.exporting.lemur_modules import ACCURACY, transform_module
from corpus.exchange.importing.importer import import_programs, recognise
from corpus.exchange.importing.source import ImportReport, ImportSourceError
from corpus.exchange.importing.trials import settings_of
from corpus.ledger.writer import LedgerWriter
from corpus.novelty.index import NoveltyIndex
from corpus.records.candidates import Origin
from corpus.records.exchange import NO_LICENCE
from tests.corpus.exchange_sources import lemur_database, lemur_tree, network, trial
from tests.cycles.test_cli import archloop, assert_one_clear_line
from tests.ledgers import new_corpus, write_cycle

KEY = "img-classification_cifar-10_acc_Small/1"
FLAT = {
    "train_loss": 1.2,
    "test_loss": 1.3,
    "best_epoch": 1,
    "gpu_type": "x",
    "total_ram_kb": 1.0,
    "lr_now": 0.1,
}


def noted(accuracy: float, number: int, *, nested: bool) -> dict[str, Any]:
    """Return a trial with the diagnostics of this year, side by side with the settings or in a table."""
    notes = {name: value if isinstance(value, str) else value + number for name, value in FLAT.items()}
    if not nested:
        return trial(accuracy, epoch_max=1, uid="same", **notes)
    names = {"task": "img-classification", "dataset": "cifar-10", "metric": "acc", "model": "Small"}
    return (
        trial(
            accuracy,
            epoch_max=1,
            uid="same",
            train_stat=notes,
            duration_seconds=1.5 + number,
            metric_acc=accuracy,
        )
        | names
    )


REPEATED = [noted(0.5 + number / 100, number, nested=number > 1) for number in range(4)]


def bring_in(source: Path, folder: Path, **options: Any) -> tuple[ImportReport, LedgerWriter]:
    folder.mkdir(exist_ok=True)
    ledger = new_corpus(folder)
    return import_programs(recognise(source), ledger, **options), ledger


def flat(trials: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return trials as LEMUR's database keeps them: nested tables apart."""
    return [{key: value for key, value in row.items() if not isinstance(value, dict)} for row in trials]


def test_repeated_trials_are_one_evaluation_with_their_mean_and_all_of_them_are_kept(tmp_path: Path) -> None:
    root = lemur_tree(tmp_path / "checkout", {"Small": network(1)}, {KEY: REPEATED})
    report, ledger = bring_in(root, tmp_path / "ledger")
    with ledger:
        assert (report.programs, report.evaluations, report.trials, report.rejections) == (1, 1, 4, [])
        (evaluation,) = ledger.evaluations()
        assert evaluation.accuracy == pytest.approx(0.515)
        (detail,) = ledger.imported_trials().values()
        assert json.loads(detail)["trials"] == REPEATED


def test_a_trial_that_stands_twice_counts_once(tmp_path: Path) -> None:
    trials = [trial(0.5), trial(0.5), trial(0.7)]
    root = lemur_tree(tmp_path / "checkout", {"Small": network(1)}, {KEY: trials})
    report, ledger = bring_in(root, tmp_path / "ledger")
    with ledger:
        assert (report.evaluations, report.trials, report.reasons()) == (1, 2, {"DUPLICATE_TRIAL": 1})
        assert ledger.evaluations()[0].accuracy == pytest.approx(0.6)


def test_the_files_and_the_database_of_repeated_trials_say_the_same(tmp_path: Path) -> None:
    root = lemur_tree(tmp_path / "checkout", {"Small": network(1)}, {KEY: REPEATED})
    database = lemur_database(tmp_path / "ab.nn.db", {"Small": network(1)}, {KEY: flat(REPEATED)})
    found = []
    for source in (root, database):
        _, ledger = bring_in(source, tmp_path / f"{source.name}.ledger")
        with ledger:
            found.append([row.model_dump_json() for row in ledger.evaluations()])
    assert found[0] == found[1] and len(found[0]) == 1


@pytest.mark.parametrize(
    "key", ["train_loss", "best_accuracy", "gpu_memory_kb", "gradient_norm", "train_stat"]
)
def test_a_diagnostic_that_is_no_number_costs_no_accuracy(tmp_path: Path, key: str) -> None:
    value = {"train_loss": float("nan")} if key == "train_stat" else float("nan")
    root = lemur_tree(tmp_path / "checkout", {"Small": network(1)}, {KEY: [trial(0.5, **{key: value})]})
    report, ledger = bring_in(root, tmp_path / "ledger")
    with ledger:
        assert (report.evaluations, report.rejections) == (1, [])
        assert "NaN" not in next(iter(ledger.imported_trials().values()))


@pytest.mark.parametrize(
    ("key", "value", "setting"),
    [
        ("lr", 0.01, True),
        ("weight_decay", 0.1, True),
        ("epoch_max", 50, True),
        ("epoch", 5, True),
        ("transform", "norm", True),
        ("protocol", "digits-v1/e1", True),
        ("absent", None, False),
        ("uid", "x", False),
        ("metric_acc", 0.5, False),
        ("test_accuracy", 0.5, False),
        ("occupied_ram_kb", 1.0, False),
        ("samples_per_second", 1.0, False),
        ("layer_stat", {"a": 1}, False),
        ("epochs", [1], False),
    ],
)
def test_what_a_trial_was_measured_under_is_told_from_what_it_notes(
    key: str, value: Any, setting: bool
) -> None:
    assert settings_of({key: value}) == ({key: value} if setting else {})


def test_trials_of_a_copy_belong_to_the_program_that_was_kept(tmp_path: Path) -> None:
    statistics = {KEY: [trial(0.5)], KEY.replace("Small", "Copy"): [trial(0.7), trial(0.4, lr=0.1)]}
    root = lemur_tree(tmp_path / "one", {"Small": network(1), "Copy": network(1)}, statistics)
    report, ledger = bring_in(root, tmp_path / "ledger")
    with ledger:
        assert (report.programs, report.evaluations, report.trials) == (1, 2, 3)
        assert report.reasons() == {"DUPLICATE": 1}
        assert sorted(row.accuracy or 0 for row in ledger.evaluations()) == pytest.approx([0.4, 0.6])
        further = lemur_tree(tmp_path / "two", {"Late": network(1)}, {f"{KEY[:-7]}Late/2": [trial(0.9)]})
        later = import_programs(recognise(further), ledger)
        assert (later.programs, later.evaluations, later.reasons()) == (0, 1, {"DUPLICATE": 1})
        assert {row.candidate_id for row in ledger.evaluations()} == {ledger.candidates()[0].id}


def test_only_image_classifiers_are_novelty_references(tmp_path: Path) -> None:
    networks = {name: network(number) for number, name in enumerate(("Both", "Other", "Unknown"), start=1)}
    caption = "img-captioning_coco_bleu"
    statistics = {
        "img-classification_mnist_acc_Both/1": [trial(0.5)],
        f"{caption}_Both/1": [trial(0.5)],
        f"{caption}_Other/1": [trial(0.5)],
    }
    root = lemur_tree(tmp_path / "checkout", networks, statistics)
    database = lemur_database(tmp_path / "ab.nn.db", networks, statistics)
    for source in (root, database):
        _, ledger = bring_in(source, tmp_path / f"{source.name}.ledger")
        with ledger:
            admitted = {ledger.provenance()[row.candidate_id].location for row in ledger.admissions()}
            assert {Path(each).stem for each in admitted} == {"Both", "Unknown"}
            nearest = NoveltyIndex.from_ledger(ledger, CorpusConfig()).nearest(networks["Other"])
            assert nearest is None or nearest.jaccard < 1.0


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("", "MIT"),
        ("# SPDX-License-Identifier: BSD-3-Clause\n", "BSD-3-Clause"),
        ("# Licensed under the Apache License, Version 2.0 (the 'License');\n", "Apache-2.0"),
        ("# Licensed under the Apache License,\n# Version 2.0\n", "Apache-2.0"),
        ('"""Permission is hereby granted, free of charge, to any person"""\n', "MIT"),
        ("# This source code is licensed under the BSD-style license found in its root.\n", NO_LICENCE),
        ("# GNU General Public License, version 3\n", NO_LICENCE),
    ],
)
def test_a_program_that_states_its_licence_does_not_get_the_collections(
    tmp_path: Path, head: str, licence: str
) -> None:
    root = lemur_tree(tmp_path / "checkout", {"Small": head + network(1)}, {})
    (root / "LICENSE").write_text("MIT License\n")
    _, ledger = bring_in(root, tmp_path / "ledger")
    with ledger:
        (origin,) = ledger.provenance().values()
        assert origin.licence == licence
        export_lemur(ledger, tmp_path / "out", ExportNotes(licence="GPL-3.0-only"))
    assert json.loads((tmp_path / "out/licences.json").read_text()) == {"Small": licence}
    card = DatasetCard.load(tmp_path / "out/README.md").data
    assert card.license in {licence.lower(), "other", "unknown"}
    _, again = bring_in(tmp_path / "out", tmp_path / "again")
    with again:
        assert [origin.licence for origin in again.provenance().values()] == [licence]


def nngpt_folder(root: Path, name: str, source: str, info: object, **files: str) -> Path:
    folder = root / "A0" / "synth_nn" / name
    folder.mkdir(parents=True)
    (folder / "new_nn.py").write_text(source)
    (folder / "original.py").write_text(network(99))
    if info is not None:
        (folder / "eval_info.json").write_text(json.dumps(info))
    for path, text in files.items():
        (folder / path.replace("__", ".")).write_text(text)
    return folder


NAMES = {"task": "img-classification", "dataset": "cifar-10", "metric": "acc"}
PRM = {"lr": 0.01, "batch": 64, "transform": "norm_256_flip", "epoch": 2, "train_loss": 1.5}


def test_output_folders_of_nngpt_enter_with_their_results(tmp_path: Path) -> None:
    root = tmp_path / "out"
    arguments = {"eval_args": {**NAMES, "prm": PRM}}
    epochs = {f"_{epoch}": json.dumps([trial(0.1 * epoch, epoch=2)]) for epoch in (1, 2)}
    nngpt_folder(root, "B0", network(1), {**arguments, "eval_results": ["name", 0.3, 0.1, 0.9]})
    nngpt_folder(
        root, "B1", network(2), {**arguments, "eval_results": {"accuracy": 0.4}}, hp__txt='{"lr": 1}'
    )
    folder = nngpt_folder(root, "B2", network(3), {**arguments, "eval_results": ["name", 0.2, 0.1, 0.9]})
    for name, text in epochs.items():
        (folder / f"{name[1:]}.json").write_text(text)
    nngpt_folder(root, "B3", network(4), {"cli_args": {**NAMES, "lr": 0.01}, "eval_results": None})
    nngpt_folder(root, "B4", network(5), None, hp__txt="no JSON", error__txt="it failed")
    report, ledger = bring_in(root, tmp_path / "ledger")
    with ledger:
        assert (report.kind, report.source, report.programs) == ("nn-gpt output", "nn-gpt", 5)
        assert report.reasons() == {"NOT_AN_ACCURACY": 1, "BAD_STATISTICS": 1}
        places = {row.candidate_id: row.location.split("/")[2] for row in ledger.provenance().values()}
        found = {(places[row.candidate_id], row.accuracy) for row in ledger.evaluations()}
        assert found == {("B0", 0.3), ("B1", 0.4), ("B2", 0.1), ("B2", 0.2)}
        first, second = (row.protocol_id for row in ledger.evaluations()[:2])
        assert first == second and first.startswith("imported:nn-gpt/img-classification_cifar-10_acc/e2/")


def test_results_of_nngpt_with_no_number_for_an_epoch_are_left_behind(tmp_path: Path) -> None:
    told = {"eval_args": {**NAMES, "prm": {**PRM, "epoch": [2]}}, "eval_results": ["name", 0.3]}
    nngpt_folder(tmp_path / "out", "B0", network(1), told)
    report, ledger = bring_in(tmp_path / "out", tmp_path / "ledger")
    ledger.close()
    assert (report.programs, report.reasons()) == (1, {"BAD_STATISTICS": 1})


def test_an_import_holds_no_more_trials_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"eval_args": {**NAMES, "prm": PRM}, "eval_results": ["name", 0.3]}
    folder = nngpt_folder(tmp_path / "out", "B0", network(1), told)
    (folder / "1.json").write_text(json.dumps([trial(0.1, epoch=1, note="a" * 100)] * 100))
    monkeypatch.setattr("corpus.exchange.importing.source.MAX_TEXT_CHARACTERS", 10_000)
    with pytest.raises(ImportSourceError, match="in parts"):
        import_programs(recognise(tmp_path / "out"), None, dry_run=True)


def test_a_folder_with_a_program_of_that_name_alone_is_a_folder_of_programs(tmp_path: Path) -> None:
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "new_nn.py").write_text(network(1))
    assert recognise(tmp_path / "programs").kind == "folder of .py files"


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("norm", ["ToTensor", "Normalize"]),
        ("norm_flip", ["RandomHorizontalFlip", "ToTensor", "Normalize"]),
        ("norm_48", ["Resize(48)", "CenterCrop(48)", "ToTensor", "Normalize"]),
        (
            "norm_256_flip",
            ["Resize(256)", "CenterCrop(256)", "RandomHorizontalFlip", "ToTensor", "Normalize"],
        ),
        ("echo_64", None),
        ("../norm", None),
        ("norm_0", None),
    ],
)
def test_a_transform_is_written_for_the_names_that_say_what_it_does(
    name: str, steps: list[str] | None
) -> None:
    module = transform_module(name)
    if steps is None:
        assert module is None
        return
    assert module is not None
    compile(module, name, "exec")
    places = [module.index(f"transforms.{step}") for step in steps]
    assert places == sorted(places) and module.count("transforms.") == len(steps) + 1


def test_the_metric_that_is_written_counts_what_lemur_counts() -> None:
    import torch

    base = type("BaseMetric", (), {"__init__": lambda self: self.reset()})
    namespace: dict[str, Any] = {"BaseMetric": base}
    exec("\n".join(line for line in ACCURACY.splitlines() if not line.startswith("from ")), namespace)
    metric = namespace["create_metric"]((10,))
    for scores, targets in ((torch.eye(3), torch.tensor([0, 1, 0])), (torch.eye(2), torch.tensor([0, 1]))):
        metric(scores, targets)
    assert metric.result() == 4 / 5


@pytest.fixture(scope="session")
def nn_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package nn-dataset without what it depends on, unpacked into a folder of its own."""
    target = tmp_path_factory.mktemp("nn-dataset")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target)]
    done = subprocess.run([*command, "nn-dataset==2.2.11"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("nn-dataset 2.2.11 cannot be had from the package index; with network this test runs")
    return target


LOADER = """
import sys, types
# What it would download where there are no statistics.
sys.modules["ab.nn.util.hf.DB_from_HF"] = types.SimpleNamespace(db_from_hf=None)
import ab.nn.util.db.Write
from ab.nn.util.Const import db_file
print(db_file)
"""


def loaded_by_lemur(tree: Path, nn_dataset: Path, folder: Path) -> Path:
    """Copy a tree into the package as its card says, and return the database that LEMUR's loader makes."""
    place, work = folder / "place", folder / "work"
    shutil.copytree(nn_dataset, place)
    for path in sorted(tree.glob("ab/**/*.py")) + sorted(tree.glob("ab/**/*.json")):
        target = place / path.relative_to(tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copyfile(path, target)
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", LOADER],
        cwd=work,
        env={"PYTHONPATH": str(place), "PATH": "/usr/bin:/bin", "HOME": str(work)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "skipping" not in done.stderr
    return Path(done.stdout.splitlines()[-1])


def test_lemurs_own_loader_takes_every_exported_trial(tmp_path: Path, nn_dataset: Path) -> None:
    settings = {"digits-v1/test": {"lr": 0.01, "momentum": 0.9, "batch": 16, "transform": "norm_48_flip"}}
    root = lemur_tree(tmp_path / "checkout", {"Small": network(1)}, {KEY: REPEATED})
    with new_corpus(tmp_path) as ledger:
        write_cycle(
            ledger, 0, [(network(10 + index), 0.3 + index / 50) for index in range(12)], CorpusConfig()
        )
        import_programs(recognise(root), ledger)
        counts = export_lemur(ledger, tmp_path / "out", settings=settings)
    database = loaded_by_lemur(tmp_path / "out", nn_dataset, tmp_path)
    connection = sqlite3.connect(database)
    (trials,) = connection.execute("SELECT count(*) FROM stat").fetchone()
    (networks,) = connection.execute("SELECT count(*) FROM nn").fetchone()
    transforms = {name for (name,) in connection.execute("SELECT name FROM transform")}
    batches = {value for (value,) in connection.execute("SELECT value FROM prm WHERE name = 'batch'")}
    connection.close()
    assert counts == {"networks": 13, "trials": 16}
    assert (networks, trials) == (13, 16)
    assert {"norm_48_flip", "norm_32"} <= transforms
    assert batches == {16, 64}


def test_what_lemurs_loader_makes_of_statistics_imports_as_the_statistics_do(
    tmp_path: Path, nn_dataset: Path
) -> None:
    root = lemur_tree(tmp_path / "checkout", {"Small": network(1)}, {KEY: REPEATED})
    (root / "ab/nn/metric").mkdir()
    (root / "ab/nn/metric/acc.py").write_text(ACCURACY)
    database = loaded_by_lemur(root, nn_dataset, tmp_path)
    found = []
    for source in (root, database):
        _, ledger = bring_in(source, tmp_path / f"{source.name}.ledger")
        with ledger:
            assert len(ledger.candidates(origin=Origin.IMPORTED)) == 1
            found.append([row.model_dump_json() for row in ledger.evaluations()])
    assert found[0] == found[1] and len(found[0]) == 1


def test_an_import_that_leaves_much_behind_says_how_much_and_writes_the_rest_beside(tmp_path: Path) -> None:
    trials = [trial(2.0, lr=number / 100) for number in range(50)]
    root = lemur_tree(tmp_path / "checkout", {"Small": network(1)}, {KEY: trials})
    tried = archloop("import", root, tmp_path / "new.db", "--dry-run")
    assert len(tried.stdout.splitlines()) == 2 and not list(tmp_path.glob("new*"))
    done = archloop("import", root, tmp_path / "new.db")
    assert len(done.stdout.splitlines()) == 2 and "50 NOT_AN_ACCURACY" in done.stdout
    rows = [json.loads(line) for line in (tmp_path / "new.rejected.jsonl").read_text().splitlines()]
    assert len(rows) == 50 and {row["reason"] for row in rows} == {"NOT_AN_ACCURACY"}
    listed = archloop("import", root, tmp_path / "other.db", "--json", "--rejected", tmp_path / "rows.jsonl")
    assert len(listed.stdout.splitlines()) == 1
    assert (tmp_path / "rows.jsonl").read_text() == (tmp_path / "new.rejected.jsonl").read_text()


def test_the_cards_of_an_export_do_not_grow_with_the_number_of_protocols(tmp_path: Path) -> None:
    trials = [trial(0.5, lr=number / 10_000) for number in range(2_000)]
    root = lemur_tree(tmp_path / "checkout", {"Small": network(1)}, {KEY: trials})
    _, ledger = bring_in(root, tmp_path / "ledger")
    with ledger:
        assert len(ledger.evaluations()) == 2_000
        export_dataset(ledger, tmp_path / "tables", TableFormat.JSONL)
        export_lemur(ledger, tmp_path / "tree")
    text = (tmp_path / "tables/README.md").read_text()
    assert "and 1,980 more" in text and len(text) < 30_000
    assert len((tmp_path / "tree/README.md").read_text()) < 3_000


def test_stats_and_search_keep_data_sets_apart(tmp_path: Path) -> None:
    statistics = {
        KEY: [trial(0.5)],
        "img-classification_cifar-100_acc_Small/1": [trial(0.2)],
        "img-classification_mnist_acc_Other/1": [trial(0.99)],
    }
    root = lemur_tree(tmp_path / "checkout", {"Small": network(1), "Other": network(2)}, statistics)
    _, ledger = bring_in(root, tmp_path / "ledger")
    ledger.close()
    store = tmp_path / "ledger" / "corpus.db"

    def told(*arguments: str) -> list[dict[str, Any]]:
        result = archloop("corpus", arguments[0], store, *arguments[1:], "--json")
        return [json.loads(line) for line in result.stdout.splitlines()]

    (figures,) = told("stats")
    best = {name.split("_")[1]: found["best_accuracy"] for name, found in figures["data_sets"].items()}
    assert best == {"cifar-10": 0.5, "cifar-100": 0.2, "mnist": 0.99}
    (figures,) = told("stats", "--dataset", "mnist")
    assert (figures["programs"], len(figures["data_sets"])) == (1, 1)
    assert [row["accuracy"] for row in told("search", "--dataset", "cifar-100")] == [0.2]
    assert told("search", "--dataset", "cifar-100", "--min-accuracy", "0.4") == []
    assert {row["data_set"].split("_")[1] for row in told("search")} == {"cifar-100", "mnist"}
    unknown = archloop("corpus", "search", store, "--dataset", "svhn")
    assert_one_clear_line(unknown, "svhn")
