"""A run that is made with the programs of others: it takes them along, and needs their source no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.exchange.importing.source import ImportSourceError
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.records.candidates import Origin
from cycles.assembly import open_loop, start_run
from cycles.cli.app import app
from cycles.config.run import RunConfig, load_config
from cycles.config.teaching import Imported, TeachingConfig
from cycles.errors import ConfigError
from cycles.run.bringing_in import bring_in
from cycles.teachers.imported import imported_teachers
from cycles.teaching import Lesson
from tests.cycles.teachers.test_imported import bring_in as claimed
from tests.evaluator_programs import program
from tests.finetune.tiny_model import build_tiny_model


def made_with(place: Path, *settings: str) -> RunConfig:
    source = [f'teaching.imported_from="{place}"', "teaching.imported=all"]
    return load_config("smoke", [*source, "cycles=1", "candidates=2", *settings])


def brought(path: Path) -> set[str]:
    with Ledger.open(path) as ledger:
        return {row.source or "" for row in ledger.candidates(origin=Origin.IMPORTED)}


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    folder = tmp_path / "strangers"
    folder.mkdir()
    (folder / "net.py").write_text(program())
    (folder / "notes.py").write_text("x = 1\n")
    return folder


def test_a_run_takes_programs_along_and_goes_on_without_their_source(strangers: Path, tmp_path: Path) -> None:
    directory = start_run(tmp_path / "run", made_with(strangers))
    assert brought(directory.ledger_file) == {program()}
    (strangers / "net.py").unlink()
    result = CliRunner().invoke(app, ["resume", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    assert "1 imported program (" in result.output
    assert brought(directory.ledger_file) == {program()}


def test_what_a_kill_kept_out_is_brought_in_when_the_run_goes_on(strangers: Path, tmp_path: Path) -> None:
    config = made_with(strangers)
    with LedgerWriter.create(tmp_path / "corpus.db") as ledger:
        for _ in range(2):
            bring_in(ledger, config)
    assert brought(tmp_path / "corpus.db") == {program()}


def test_the_first_cycle_may_be_written_by_a_model_that_others_have_taught(
    strangers: Path, tmp_path: Path
) -> None:
    config = made_with(strangers, "teaching.imported_first=true", "finetune.max_steps=2")
    directory = start_run(tmp_path / "run", config)
    result = CliRunner().invoke(app, ["resume", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    with Ledger.open(directory.ledger_file) as ledger:
        row = ledger.cycle_row(0)
        assert row is not None and [each.startswith("import/") for each in row.training_ids] == [True]
        (written_by,) = {each.adapter_hash for each in ledger.candidates(cycle=0)}
        training = ledger.training(0)
        assert training is not None and written_by == training.adapter_hash


def test_what_others_teach_answers_prompts_that_show_programs_as_the_run_asks(tmp_path: Path) -> None:
    model = build_tiny_model(tmp_path / "tiny")
    showing = ["generator.template=instruct", "generator.exemplars=2", "finetune.max_length=4096"]
    settings = ["seed=2", "teaching.imported=all", f"generator.model={model}", *showing]
    directory = start_run(tmp_path / "run", load_config("smoke", settings))
    with LedgerWriter.open(directory.ledger_file) as ledger:
        claimed(ledger)
        imported = imported_teachers(ledger, TeachingConfig(imported=Imported.ALL))
    with open_loop(tmp_path / "run", as_json=True) as loop:
        lesson = Lesson(1, [], 0, None, imported=imported)
        rows = loop.teacher.job(lesson, lambda *_: None).examples
    assert len(rows) == len(imported)
    assert any("by its source" in row.prompt[-1].content for row in rows)


@pytest.mark.parametrize(
    ("name", "said"),
    [("missing", "there is nothing"), ("empty", "no .py files"), ("useless", "1 NOT_A_NETWORK")],
)
def test_a_source_of_no_use_is_one_line_and_leaves_no_run(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "useless").mkdir()
    (tmp_path / "useless" / "notes.py").write_text("x = 1\n")
    with pytest.raises(ImportSourceError, match=said):
        start_run(tmp_path / "run", made_with(tmp_path / name))
    assert not (tmp_path / "run").exists()


def test_programs_from_which_nobody_would_learn_are_refused(strangers: Path) -> None:
    with pytest.raises(ConfigError, match="nobody would learn"):
        made_with(strangers, "teaching.imported=none")
    with pytest.raises(ConfigError, match="nobody would learn"):
        load_config("smoke", ["teaching.imported_first=true"])
