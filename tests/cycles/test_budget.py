"""Budgets: where a run ends, that it goes on with more, and that all it did until then is what it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus.ledger.errors import LedgerLockedError
from corpus.ledger.reader import Ledger
from corpus.records.search.trials import Trial
from cycles.cli.extending import extend
from cycles.config.run import RunConfig
from cycles.config.study import load_study
from cycles.errors import BudgetSpent, UsageError
from cycles.figures.status import SEARCH_OVER, run_status
from cycles.figures.studies.searches import read_search
from cycles.run.run_directory import RunDirectory
from cycles.studies.gathering import finished, gather_runs
from cycles.studies.running import Failure, StudyRunner, _Job
from tests.cycles.test_cli import archloop
from tests.cycles.test_pipeline import Mixed, complete, kept, settings
from tests.cycles.test_study_files import study_file
from tests.pipelines import Pace, simulated

COUNT = 14


def limited(*limits: str, cycles: int = 2) -> RunConfig:
    return settings(f"cycles={cycles}", "teaching.by=nobody", *(f"budget.{each}" for each in limits))


def spend(run: Path, config: RunConfig, **parts: Any) -> str | None:
    """Run until the end, and return the limit that was it."""
    with simulated(run, config, **parts) as loop:
        try:
            loop.run()
        except BudgetSpent as spent:
            return spent.key
    return None


def trials(run: Path) -> list[Trial]:
    with Ledger.open(run / "corpus.db") as ledger:
        return [trial for cycle in range(3) for trial in ledger.judged(cycle)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("whole") / "run"
    complete(run, limited(), serial=True)
    return run


def first(rows: list[Trial], done: Any) -> int:
    """Return how many judgements it takes until `done` holds of them."""
    return next(count for count in range(1, len(rows)) if done(rows[:count]))


def best_at(rows: list[Trial]) -> int:
    scores = [trial.accuracy or 0.0 for trial in rows]
    return scores.index(max(scores))


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize(
    ("limit", "done"),
    [
        ("attempts=17", lambda rows: len(rows) == 17),
        ("evaluations=9", lambda rows: sum(row.evaluation.status == "COMPLETE" for row in rows) == 9),
        ("tokens=5000", lambda rows: sum(row.candidate.token_count for row in rows) >= 5000),
        ("accuracy=0.6", lambda rows: max(row.accuracy or 0.0 for row in rows) >= 0.6),
        ("plateau=5", lambda rows: len(rows) - 1 - best_at(rows) == 5),
    ],
)
def test_a_run_ends_with_the_judgement_that_uses_its_budget_up(
    limit: str, done: Any, workers: int, whole: Path, tmp_path: Path
) -> None:
    run, config, unlimited = tmp_path / "run", limited(limit), trials(whole)
    count = first(unlimited, done)
    assert 1 < count < 2 * COUNT
    assert spend(run, config, pace=Pace(workers=workers)) == limit.partition("=")[0]
    assert trials(run) == unlimited[:count]
    before = kept(run)
    assert spend(run, config) is not None and kept(run) == before


def test_a_run_with_a_larger_budget_goes_on_to_the_rows_of_one_without(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert spend(run, limited("attempts=5")) == "attempts"
    extend(run, None, ["budget.attempts=20"])
    assert spend(run, limited()) == "attempts" and len(trials(run)) == 20
    extend(run, None, ["budget.attempts=1000"])
    assert spend(run, limited()) is None and kept(run) == kept(whole)


def test_a_cycle_that_the_budget_fills_is_complete_and_the_next_does_not_begin(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert spend(run, settings("budget.attempts=14")) == "attempts"
    with Ledger.open(run / "corpus.db") as ledger:
        assert ledger.completed_cycles() == [0]
        assert ledger.training(1) is None and ledger.prompts(1) == []
    assert spend(tmp_path / "other", limited("attempts=28")) is None  # it was the last one: nothing is left


def test_tokens_of_a_searchs_questions_count(tmp_path: Path) -> None:
    config = limited("tokens=3", "plateau=1000")
    assert spend(tmp_path / "run", config, strategy=Mixed()) == "tokens"
    with Ledger.open(tmp_path / "run" / "corpus.db") as ledger:
        asked = sum(call.answer.token_count for call in ledger.calls())
        written = sum(trial.candidate.token_count for trial in ledger.judged(0))
    assert asked > 0 and asked + written >= 3


def test_seconds_of_earlier_sessions_count(tmp_path: Path) -> None:
    run, pace = tmp_path / "run", Pace(judge=0.05, workers=1)
    assert spend(run, limited("attempts=4"), pace=pace) == "attempts"
    extend(run, None, ["budget.attempts=1000", "budget.seconds=0.3"])
    with Ledger.open(run / "corpus.db") as ledger:
        before = sum(ledger.stage_seconds(0).values())
    assert before >= 0.2
    assert spend(run, limited(), pace=pace) == "seconds"
    assert len(trials(run)) < COUNT
    with Ledger.open(run / "corpus.db") as ledger:
        state = run_status(ledger, RunDirectory(run).config())
    assert state.finished and "budget.seconds" in str(state)


def test_an_extended_run_has_the_rows_of_one_that_was_started_with_as_many_cycles(
    whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    complete(run, limited(cycles=1))
    extend(run, 2, [])
    assert complete(run, limited()) == kept(whole)
    assert RunDirectory(run).environment()["extended"] == [{"cycles": [1, 2]}]
    with Ledger.open(run / "corpus.db") as ledger:
        assert run_status(ledger, RunDirectory(run).config()).completed == 2


@pytest.mark.parametrize(
    ("cycles", "overrides", "said"),
    [
        (1, [], "has 2 cycles already"),
        (None, ["seed=3"], "--set seed: a run keeps its settings"),
        (None, ["cycles=9"], "--set cycles"),
        (3, ["budget.attempts=9", "finetune.rank=8"], "--set finetune.rank"),
        (None, ["budget.attempt=9"], "budget.attempt"),
    ],
)
def test_what_would_change_what_a_run_does_is_refused_and_changes_nothing(
    cycles: int | None, overrides: list[str], said: str, whole: Path
) -> None:
    before = (whole / "config.toml").read_bytes()
    with pytest.raises(UsageError, match=said):
        extend(whole, cycles, overrides)
    assert (whole / "config.toml").read_bytes() == before


def test_a_run_that_goes_on_elsewhere_or_has_nothing_more_to_try_is_not_extended(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with simulated(run, limited()) as loop, pytest.raises(LedgerLockedError):
        loop.ledger.set_meta(SEARCH_OVER, "0")
        extend(run, 3, [])
    with pytest.raises(UsageError, match="nothing more to try"):
        extend(run, 3, [])
    extend(run, None, ["budget.attempts=7"])
    assert RunDirectory(run).config().cycles == 2


def test_a_comparison_takes_a_run_that_its_budget_ended_as_finished(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    spend(run, limited("attempts=17"))
    spend(other, limited("attempts=3"))
    with simulated(tmp_path / "broken", limited()) as loop:
        loop.search.due(0)
    assert finished(run, None) and finished(other, None) and not finished(tmp_path / "broken", None)
    assert [found.evaluations for found in (read_search(run), read_search(other)) if found] == [17, 3]
    assert len(gather_runs([run]).arms["frozen control"]) == 1


@pytest.mark.parametrize(("code", "broke"), [(0, 0), (4, 0), (1, 1), (5, 1)])
def test_a_study_goes_on_after_a_run_that_its_budget_ended(code: int, broke: int, tmp_path: Path) -> None:
    study = load_study(study_file(tmp_path))
    runner, said = StudyRunner(study, tmp_path / "out", 1, lambda _line: None), tmp_path / "out.log"
    said.write_text("gone\n")
    job = _Job(study.cells[0], tmp_path / "out", [])
    job.process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    job.process.wait()
    failures: list[Failure] = []
    assert runner._ended(job, failures) and len(failures) == broke


def test_the_command_line_says_which_budget_ended_a_run_and_how_it_goes_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    search = ["strategy.name=random", "teaching.by=nobody", "evaluator.workers=1", "budget.attempts=2"]
    sets = [word for each in search for word in ("--set", each)]
    ended = archloop("run", "--preset", "smoke", *sets, "--out", run)
    assert ended.returncode == 4, ended.stderr
    last = ended.stderr.strip().splitlines()[-1]
    assert "budget.attempts is used up: 2 candidates are judged" in last
    assert f"archloop resume {run} --set budget.attempts=" in last
    again = archloop("resume", run, "--json")
    assert again.returncode == 4
    event = json.loads(again.stdout.splitlines()[-1])
    assert event == {"event": "run_finished", "run": str(run), "budget_spent": "attempts"}
    assert "budget.attempts" in archloop("status", run).stdout
