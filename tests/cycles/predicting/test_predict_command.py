"""`archloop predict` over runs: the table of features, and one clear line where there is nothing to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cycles.cli.app import app
from cycles.errors import UsageError
from cycles.predicting.table import prediction_table
from tests.runs import MEAN_IOU, RELATIVE_L2, write_run

_LAYERS = ("Conv2d", "Linear", "ReLU", "GELU", "Dropout", "Flatten", "BatchNorm2d", "MaxPool2d", "Tanh")


def texts(count: int) -> list[str]:
    """Return programs that differ in most of their layers."""
    found = []
    for number in range(count):
        names = [_LAYERS[(number // 9**place) % 9] for place in range(3)]
        lines = [f"part_{name}_{place} = nn.{name}({number})" for place, name in enumerate(names * 2)]
        found.append("\n".join(["import torch.nn as nn", *lines, f"width = {number}"]))
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "one"
    return write_run(path, cycles=2, count=40, valid_share=0.8, texts=texts(40))


def test_the_table_has_a_row_for_each_choice_of_features(run: Path) -> None:
    result = CliRunner().invoke(app, ["predict", str(run), "--no-scores", "--json", "--places", "5"])
    assert result.exit_code == 0, result.output
    table = json.loads(result.stdout)
    assert table["programs"] == 64 and table["places"] == 5 and table["duplicate_groups"] >= 10
    assert len(table["choices"]) == 7 and table["choices"][-1]["groups"] == ["code", "graph", "curve"]
    ranks = {row["name"]: row for row in table["own"]}
    # Losses of another spacing are missing; parameters rise with the accuracies of a cycle.
    assert set(ranks) == {"parameters"} and ranks["parameters"]["spearman"]["value"] > 0.5


def test_the_table_is_shown_with_its_intervals(run: Path) -> None:
    result = CliRunner().invoke(app, ["predict", str(run), "--no-scores"])
    assert result.exit_code == 0, result.output
    assert "64 programs of digits/test" in result.stdout and "code + graph + curve" in result.stdout


def test_too_few_programs_are_named_with_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"12 trained programs .* too few .* 50 in 10 groups are needed"):
        prediction_table([write_run(tmp_path / "small")])


def test_runs_of_several_metrics_or_protocols_are_refused(tmp_path: Path, run: Path) -> None:
    other = write_run(tmp_path / "other", protocol="digits-v1/e2/b16/s0/p0")
    with pytest.raises(UsageError, match="Scores of different protocols do not compare"):
        prediction_table([run, other])
    fields = write_run(tmp_path / "fields", protocol=RELATIVE_L2)
    masks = write_run(tmp_path / "masks", protocol=MEAN_IOU)
    with pytest.raises(UsageError, match="Runs of different tasks do not compare"):
        prediction_table([fields, masks])


def test_a_run_that_is_named_twice_is_refused(run: Path) -> None:
    result = CliRunner().invoke(app, ["predict", str(run), str(run)])
    assert isinstance(result.exception, UsageError) and "named twice" in str(result.exception)
