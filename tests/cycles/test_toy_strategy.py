"""A strategy in one file of somebody's own runs, resumes, is compared and reported; nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.ledger.writer import LedgerWriter
from cycles.cli.app import app
from cycles.config.run import load_config
from cycles.config.trust import require_consent
from cycles.errors import ConfigError
from cycles.run.run_directory import RunDirectory
from tests.searches import Arena

TOY = '''
"""Widens or narrows: a search of somebody's own."""

from pydantic import BaseModel

from corpus.records.search.proposals import DecidedBy, Decision
from generator.spaces.proposing import proposed
from generator.strategies.contract import Strategy


class Settings(BaseModel):
    """Its table in a configuration."""

    batch: int = 4


class Climber(Strategy):
    """Mutates the best point so far."""

    name = "climber"

    def __init__(self, settings, space):
        self.batch, self.space = settings.batch, space

    def search(self, bench):
        rng = bench.rng(self.name)
        best, accuracy, parents = self.space.sample(rng), -1.0, ()
        while True:
            points = [self.space.mutate(best, rng)[0] for _ in range(self.batch)]
            chosen = Decision(what="parent", by=DecidedBy.RULE)
            trials = yield [
                proposed(self.space, point, operator="climb", decisions=(chosen,), parents=parents)
                for point in points
            ]
            for point, trial in zip(points, trials):
                if (trial.accuracy or 0.0) > accuracy:
                    best, accuracy, parents = point, trial.accuracy or 0.0, (trial.candidate.id,)


def build(settings, space):
    return Climber(settings, space)
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "elsewhere" / "toy_search"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "climber.py").write_text(TOY)
    monkeypatch.syspath_prepend(folder.parent)
    return "toy_search.climber"


def run(path: Path, settings: list[str], cycles: int | None = None) -> Path:
    """Run, or go on with, a small run; with `cycles` only so many of its cycles."""
    directory = RunDirectory.open(path) if path.exists() else None
    if directory is None:
        common = ["cycles=3", "candidates=10", "corpus.seed_programs=0", "teaching.by=nobody"]
        directory = RunDirectory.create(path, load_config("cpu-tiny", [*common, *settings]))
        LedgerWriter.create(directory.ledger_file).close()
    config = directory.config()
    if cycles is not None:
        config = config.model_copy(update={"cycles": cycles})
    with LedgerWriter.open(directory.ledger_file) as ledger:
        Arena(ledger, config).run()
    return path


def test_a_strategy_of_ones_own_runs_resumes_is_compared_and_reported(module: str, tmp_path: Path) -> None:
    own = [f"strategy.name={module}", "strategy.settings={batch=3}"]
    whole = run(tmp_path / "whole", own)
    halved = run(tmp_path / "halved", own, cycles=1)
    run(halved, own)
    random = run(tmp_path / "random", ["strategy.name=random"])
    programs = []
    for path in (whole, halved):
        with LedgerWriter.open(RunDirectory(path).ledger_file) as ledger:
            programs.append([(each.source, each.parents, each.operator) for each in ledger.candidates()])
    assert programs[0] == programs[1] and len(programs[0]) == 30
    assert {operator for _, _, operator in programs[0]} == {"climb"}

    told = CliRunner().invoke(app, ["compare", str(whole), str(random), "--json"])
    assert told.exit_code == 0, told.output
    assert {"climber", "random search"} <= set(json.loads(told.stdout.splitlines()[-1])["arms"])

    told = CliRunner().invoke(app, ["report", str(whole), str(random)])
    assert told.exit_code == 0, told.output
    page = (whole / "report.html").read_text(encoding="utf-8")
    assert "climb 30 (100%)" in page and "rule 30 (100%)" in page


def test_a_strategy_of_ones_own_is_listed_with_its_settings(module: str) -> None:
    told = CliRunner().invoke(app, ["strategies", module, "--json"])
    assert json.loads(told.stdout)["setting"] == "batch"


def test_a_module_that_a_configuration_names_is_imported_only_on_the_users_word(module: str) -> None:
    config = load_config("cpu-tiny", [f"strategy.name={module}"])
    with pytest.raises(ConfigError, match=r"strategy\.name is 'toy_search\.climber'.*--trust-config"):
        require_consent(config, "a stranger's file")
    require_consent(config, "a stranger's file", [f"strategy.name={module}"])
    require_consent(config, "a stranger's file", trusted=True)


def test_a_module_that_is_no_strategy_is_told_apart_from_one_that_is_not_there() -> None:
    missing = CliRunner().invoke(app, ["strategies", "nowhere.at_all"])
    assert "cannot be imported" in str(missing.exception)
    other = CliRunner().invoke(app, ["strategies", "json.decoder"])
    assert "lacks Settings and build" in str(other.exception)


def test_a_search_that_ends_by_itself_ends_its_run_and_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toys").mkdir()
    (tmp_path / "toys" / "toy_that_ends.py").write_text(TOY.replace("while True:", "for _ in range(3):"))
    (tmp_path / "toys" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    settings = [
        *("cycles=4", "candidates=5", "corpus.seed_programs=0", "corpus.novelty=key", "teaching.by=nobody"),
        *("strategy.name=toys.toy_that_ends", "strategy.space=cells-3", "evaluator.table=cells-3-digits"),
    ]
    run = tmp_path / "run"
    words = ["run", "--out", str(run), "--trust-config"]
    told = CliRunner().invoke(app, [*words, *(word for each in settings for word in ("--set", each))])
    assert told.exit_code == 0, told.output

    def held() -> tuple[list[int], int]:
        with LedgerWriter.open(RunDirectory(run).ledger_file) as ledger:
            return ledger.completed_cycles(), len(ledger.candidates())

    assert held() == ([0, 1, 2], 12)
    state = json.loads(CliRunner().invoke(app, ["status", str(run), "--json"]).stdout)
    assert (state["over"], state["current"], state["completed"]) == (True, None, 3)
    assert "The search is over" in CliRunner().invoke(app, ["status", str(run)]).stdout
    again = CliRunner().invoke(app, ["resume", str(run), "--trust-config"])
    assert again.exit_code == 0 and held() == ([0, 1, 2], 12)
