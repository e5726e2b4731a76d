"""The measuring scripts: what the reference path does, and the figures that come from known numbers."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from corpus.records.evaluations import EvaluationStatus
from evaluator.child.train_data import Normalisation
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.protocol import training_plan
from evaluator.tasks import Task, load_task
from tests.evaluator_programs import LEARN, candidate, program

SCRIPTS = Path(__file__).parents[2] / "scripts"
CONFIG = EvaluatorConfig(task="digits-clean", workers=1)


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / script), "--task", CONFIG.task, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module(request.param)


def use(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("script", [name], indirect=True)


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task(CONFIG.task)


@use("lemur_reference")
def test_the_reference_normalises_an_image_as_the_evaluator_does(script: Any, task: Task) -> None:
    data = script.ReferenceData.of(task)
    normalize = script.Normalize(data.mean, data.std)
    reference = torch.stack([normalize(script.to_tensor(image)) for image in data.test_images])
    ours = Normalisation(training_plan(CONFIG, task))(torch.from_numpy(task.val.inputs))
    torch.testing.assert_close(reference, ours, rtol=1e-5, atol=1e-5)


@use("lemur_reference")
def test_the_reference_reads_the_images_as_often_as_lemur_does(
    script: Any, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    monkeypatch.setattr(script.ImageData, "__getitem__", _counting(script.ImageData.__getitem__, reads))
    data = script.ReferenceData.of(task)
    prm = {"lr": 0.01, "momentum": 0.9}
    accuracy = script.ReferenceRun(program(), data, batch_size=64, prm=prm, seed=0).epoch()
    assert len(reads) == 3 * len(task.train) + 2 * len(task.val)
    assert 0.1 < accuracy <= 1.0
    reads.clear()
    script.ReferenceRun(
        program(learn=f"{LEARN}return 0.5, 1.0"), data, batch_size=64, prm=prm, seed=0
    ).epoch()
    assert len(reads) == len(task.train) + 2 * len(task.val)


def _counting(read: Any, reads: list[int]) -> Any:
    def counted(self: Any, index: int) -> Any:
        reads.append(index)
        return read(self, index)

    return counted


@use("lemur_reference")
def test_the_reference_data_survive_the_file(script: Any, task: Task, tmp_path: Path) -> None:
    data = script.ReferenceData.of(task)
    data.save(tmp_path / "task.npz")
    again = script.ReferenceData.load(tmp_path / "task.npz")
    assert all(np.array_equal(value, vars(again)[name]) for name, value in vars(data).items())


@use("bench_ratios")
def test_a_ratio_is_that_of_the_sums_and_lies_in_its_interval(script: Any) -> None:
    ratio = script.Ratio.of([(2.0, 1.0), (10.0, 1.0), (6.0, 1.0)])
    assert ratio.value == 6.0
    assert 2.0 <= ratio.low < 6.0 < ratio.high <= 10.0


@use("bench_programs")
def test_a_share_of_the_programs_is_broken_in_every_way(script: Any) -> None:
    mixed = script.break_share([candidate(program(), index) for index in range(24)], 0.5)
    kinds = {each.id.partition("/")[2].partition("/")[2] for each in mixed} - {""}
    assert kinds == set(script.BREAKS)
    assert sum(each.source != program() for each in mixed) == 12


@use("measure_fidelity")
def test_paths_that_rank_alike_have_no_gap_to_their_seeds(script: Any) -> None:
    accuracies = np.linspace(0.1, 0.9, 12)
    alike = script.correlations(np.stack([accuracies] * 4, axis=1))
    assert alike["paths"]["spearman"] == pytest.approx(1.0)
    assert alike["gap"]["value"] == pytest.approx(0.0)


@use("measure_fidelity")
def test_a_path_that_ranks_the_other_way_round_shows_in_the_gap(script: Any) -> None:
    accuracies = np.linspace(0.1, 0.9, 12)
    figures = script.correlations(np.stack([accuracies, accuracies, -accuracies, -accuracies], axis=1))
    assert figures["paths"]["spearman"] == pytest.approx(-1.0)
    assert figures["gap"]["value"] == pytest.approx(-2.0)


@use("measure_fidelity")
def test_measurements_go_on_from_the_file_past_a_torn_line_and_other_protocols(
    script: Any, tmp_path: Path
) -> None:
    path, key = tmp_path / "fidelity.jsonl", ("ours", 0)
    first, second, third = (candidate(program(top=f"# {index}"), index) for index in range(3))
    script.Measurements(path, CONFIG).add(key, first, 0.5)
    script.Measurements(path, CONFIG.model_copy(update={"lr": 0.5})).add(key, third, 0.5)
    with path.open("a") as file:
        file.write('{"protocol": "torn')
    again = script.Measurements(path, CONFIG)
    again.add(key, second, None)
    last = script.Measurements(path, CONFIG)
    assert [last.lacks(key, each) for each in (first, second, third)] == [False, False, True]


@pytest.mark.slow
def test_the_bench_prints_ratios_of_work_that_was_done() -> None:
    result = run("bench_evaluator.py", "--programs", "2", "--rejections", "1", "--workers", "1", "--json")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["throughput"]["statuses"] == {EvaluationStatus.COMPLETE: 2}
    assert figures["throughput"]["reference_failures"] == 0
    assert figures["throughput"]["ratio"]["value"] > 1.0 and figures["epoch"]["ratio"]["value"] > 1.0


@pytest.mark.slow
def test_fidelity_that_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    arguments = ["--programs", "4", "--workers", "1", "--out", str(tmp_path / "fidelity.jsonl"), "--json"]
    first, second = (run("measure_fidelity.py", *arguments) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert second.stdout == first.stdout and not second.stderr
    assert len((tmp_path / "fidelity.jsonl").read_text().splitlines()) == 16
