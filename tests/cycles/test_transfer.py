"""`archloop transfer`: a taught model on other tasks, beside the one before and one that is taught there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.ledger.reader import Ledger
from corpus.records.mistakes import Mistake
from cycles.cli.app import app
from cycles.config.run import load_config
from cycles.config.study import RetestConfig, Study
from cycles.config.teaching import Teachers
from cycles.errors import ConfigError, UsageError
from cycles.figures.studies.retests import Retests
from cycles.run.run_directory import RunDirectory
from cycles.studies.transferring import MODEL, prepare, study_of
from finetune.config import FinetuneConfig
from finetune.job import TrainingJob
from finetune.trainer import LoraTrainer
from tests.finetune.tiny_model import build_tiny_model, example
from tests.studies import add_retests, write_search

PLAN = RetestConfig(seeds=3, top=8)


def retests_of(place: Path) -> Retests:
    """Return what a run's ledger holds of re-tests."""
    directory = RunDirectory(place)
    with Ledger.open(directory.ledger_file) as ledger:
        return Retests.of(ledger, directory.config())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """Return a run of two cycles on digits whose second cycle has an adapter."""
    home = tmp_path_factory.mktemp("transfer")
    model = build_tiny_model(home / "tiny")
    settings = ["cycles=2", "candidates=3", f"generator.model={model}", "evaluator.task=digits"]
    directory = RunDirectory.create(home / "run", load_config("smoke", settings))
    config = FinetuneConfig(max_steps=3, learning_rate=0.05, min_examples=1)
    LoraTrainer(model, config).train(TrainingJob([example("c", "x = 1\n" * 4)], directory.adapter(1), seed=0))
    return directory


def study(run: RunDirectory, out: Path, task: str = "texshapes", *overrides: str) -> Study:
    prepare(run, out)
    return study_of(out, task, 2, PLAN, overrides)


def test_three_arms_at_equal_evaluations_differ_in_the_model_and_in_who_is_taught(
    run: RunDirectory, tmp_path: Path
) -> None:
    cells = study(run, tmp_path).cells
    known = run.config()
    seen = {(c.arm, c.seed): (c.config.generator.model, c.config.teaching.by.value) for c in cells}
    frozen, transferred = (known.generator.model, "nobody"), (str(tmp_path / MODEL), "nobody")
    for seed in (0, 1):
        assert seen["frozen", seed] == frozen and seen["transferred", seed] == transferred
        assert seen["taught there", seed] == (known.generator.model, known.teaching.by.value)
    assert {c.config.evaluator.task for c in cells} == {"texshapes"}
    assert {(c.config.cycles, c.config.candidates) for c in cells} == {(2, 3)}
    assert (tmp_path / MODEL / "config.json").is_file()


def test_what_is_there_is_kept_and_another_runs_transfer_is_not_taken_for_it(
    run: RunDirectory, tmp_path: Path
) -> None:
    study(run, tmp_path)
    weights = tmp_path / MODEL / "model.safetensors"
    before = weights.stat().st_mtime_ns
    assert study(run, tmp_path, "digits", "candidates=5").cells[0].config.candidates == 5
    assert weights.stat().st_mtime_ns == before
    other = RunDirectory.create(tmp_path / "other", run.config().model_copy(update={"candidates": 4}))
    with pytest.raises(UsageError, match="a transfer of another run"):
        prepare(other, tmp_path)


@pytest.mark.parametrize("task", ["../up", "digit", ""])
def test_a_task_that_there_is_not_is_one_line(run: RunDirectory, tmp_path: Path, task: str) -> None:
    with pytest.raises(Mistake):
        study(run, tmp_path / "out", task)
    assert not list(tmp_path.glob("*.toml"))


def test_settings_that_do_not_fit_name_the_arm(run: RunDirectory, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="arm 'frozen'"):
        study(run, tmp_path, "texshapes", "evaluator.nothing=1")


def test_a_run_that_was_not_taught_has_nothing_to_transfer(run: RunDirectory, tmp_path: Path) -> None:
    teaching = run.config().teaching.model_copy(update={"by": Teachers.NOBODY})
    frozen = run.config().model_copy(update={"teaching": teaching})
    with pytest.raises(UsageError, match="nothing to transfer"):
        prepare(RunDirectory.create(tmp_path / "frozen", frozen), tmp_path / "out")
    untaught = RunDirectory.create(tmp_path / "untaught", run.config())
    with pytest.raises(UsageError, match="no adapter"):
        prepare(untaught, tmp_path / "out")
    assert not (tmp_path / "out" / MODEL).exists()


def test_the_command_shows_one_table_of_all_tasks(run: RunDirectory, tmp_path: Path) -> None:
    scores = {"frozen": 0.5, "transferred": 0.7, "taught there": 0.8}
    for task in ("texshapes", "digits"):
        for cell in study(run, tmp_path, task).cells:
            place = tmp_path / task / cell.place
            write_search(place, cell.config, [[0.2, scores[cell.arm], None]] * 2)
            while due := retests_of(place).due(PLAN):
                add_retests(place, {(each.candidate.id, each.seed): 0.6 for each in due})
    told = ["transfer", str(run.path), "--to", "texshapes", "--to", "digits", "--out", str(tmp_path)]
    told += ["--seeds", "2", "--report-only"]
    shown = CliRunner().invoke(app, [*told, "--markdown"], obj=False)
    assert shown.exit_code == 0, shown.output
    assert shown.output.count("| transferred |") == 2 and "| digits | frozen |" in shown.output
    data = json.loads(CliRunner().invoke(app, [*told, "--json"], obj=False).stdout)
    assert set(data) == {"texshapes", "digits"}
    assert set(data["digits"]["arms"]) == set(scores)
