"""`archloop corpus search --pareto`: the front of a ledger within caps, on one data set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.ledger.writer import LedgerWriter
from corpus.records.mistakes import Mistake
from cycles.cli.corpus.commands import corpus_app
from cycles.config.run import load_config
from tests.ledgers import candidate, program, prompt
from tests.studies import evaluation, write_search


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a run of three valid programs, the second beaten by the third."""
    path = write_search(tmp_path / "run", load_config("cpu-tiny", ["cycles=1"]), [[None]])
    with LedgerWriter.open(path / "corpus.db") as ledger:
        for index, (accuracy, parameters) in enumerate([(0.9, 5000), (0.5, 900), (0.6, 800)], start=1):
            row = candidate(1, index, program(f"conv relu x{index}"))
            ledger.add_prompts(1, [prompt(1, index)])
            ledger.add_candidates([row])
            ledger.add_evaluation(evaluation(row, accuracy, 0, parameters))
    return path


def found(*arguments: str | Path) -> list[str]:
    result = CliRunner().invoke(
        corpus_app, ["search", *map(str, arguments), "--json"], catch_exceptions=False
    )
    return [f"{row['id']} {row.get('parameters')}" for row in map(json.loads, result.stdout.splitlines())]


def test_the_front_is_listed_with_its_objectives_the_best_first(run: Path) -> None:
    assert found(run, "--pareto", "accuracy,parameters") == ["c001/0001 5000", "c001/0003 800"]
    assert found(run, "--pareto", "parameters") == ["c001/0003 800"]


def test_caps_are_filters_with_and_without_a_front(run: Path) -> None:
    assert found(run, "--pareto", "accuracy,parameters", "--max-parameters", "1000") == ["c001/0003 800"]
    assert found(run, "--max-parameters", "1000") == ["c001/0002 None", "c001/0003 None"]
    assert found(run, "--max-flops", "1000000") == []


def test_a_front_over_several_data_sets_asks_for_one(run: Path) -> None:
    with LedgerWriter.open(run / "corpus.db") as ledger:
        row = candidate(1, 9, program("gelu tanh"))
        ledger.add_prompts(1, [prompt(1, 9)])
        ledger.add_candidates([row])
        other = evaluation(row, 0.95, 0).model_copy(update={"protocol_id": "cifar10-v1/e1/b16/s0/p0"})
        ledger.add_evaluation(other)
    with pytest.raises(Mistake, match="--dataset cifar10-v1"):
        found(run, "--pareto", "accuracy,parameters")
    assert found(run, "--pareto", "accuracy,parameters", "--dataset", "cifar10-v1") == ["c001/0009 1000"]


def test_the_table_names_the_objectives(run: Path) -> None:
    result = CliRunner().invoke(corpus_app, ["search", str(run), "--pareto", "accuracy,parameters"])
    assert "parameters" in result.stdout and "5000" in result.stdout and "2 found" in result.stdout
