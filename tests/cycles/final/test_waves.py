"""The final waves on a small run: what they leave, what they read, and how they go on where they stopped."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corpus.ledger.reader import Ledger
from corpus.records.evaluations import Evaluation, EvaluationStatus, Stage
from cycles.final.folder import FinalFolder
from cycles.final.opening import Final, open_final
from cycles.final.records import FinalReport
from cycles.final.waves import NothingToTakeHome
from cycles.final.weights import OtherWeightsError
from evaluator.tasks import Examples
from tests.evaluator_programs import program
from tests.finals import NARROW, QUICK, WIDE, PoisonTaken, WatchedTask, all_wrong, judged_run, watched

PROGRAMS = [(NARROW, 0.7), (WIDE, 0.8), (NARROW.replace("8", "9"), None)]


def rows(run: Path, part: str = "") -> list[dict[str, object]]:
    """Return the evaluations whose protocol has `part` in it, without what measures time or memory."""
    measured = {"wall_seconds", "cpu_seconds", "peak_memory_bytes"}
    with Ledger.open(run / "corpus.db") as ledger:
        return [row.model_dump(exclude=measured) for row in ledger.evaluations() if part in row.protocol_id]


def take_home(run: Path, task: WatchedTask) -> FinalReport:
    with open_final(run, QUICK, load=lambda _: task) as opened:
        return opened.run()


@pytest.fixture(scope="module")
def task() -> WatchedTask:
    return watched()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, task: WatchedTask) -> Iterator[Path]:
    run = judged_run(tmp_path_factory.mktemp("unbroken") / "run", PROGRAMS)
    take_home(run, task)
    yield run


@pytest.fixture(scope="module")
def report(unbroken: Path) -> FinalReport:
    found = FinalFolder(unbroken / "final").report()
    assert found is not None
    return found


def test_each_network_has_a_row_for_each_seed_and_the_winner_one_more(unbroken: Path) -> None:
    assert len(rows(unbroken, "/e2/")) == 2 * 2 + 1
    assert [row["protocol_id"].partition("/e")[0] for row in rows(unbroken, "/test/")] == [
        "digits-clean-v1/train+val/test"
    ]


def test_the_winner_is_the_best_mean_on_validation(report: FinalReport) -> None:
    means = [each.mean.value for each in report.first_wave]
    assert means == sorted(means, reverse=True) and len(means) == 2
    assert report.provenance.candidate_id == report.first_wave[0].candidate_id
    assert report.validation == report.first_wave[0].mean


def test_the_folder_holds_what_its_card_says(unbroken: Path, report: FinalReport) -> None:
    folder = unbroken / "final"
    assert {path.name for path in folder.iterdir()} == {
        *("model.py", "weights.safetensors", "load.py", "model.onnx", "README.md", "final.json")
    }
    assert (folder / "model.py").read_text() == {"c000/0000": NARROW, "c000/0001": WIDE}[
        report.provenance.candidate_id
    ]
    card = (folder / "README.md").read_text()
    for figure in (
        f"{report.test.value:.3f}",
        f"{report.validation.value:.3f}",
        f"{report.parameters:,}",
        f"{report.latency.median_ms:.2f} ms",
        report.provenance.candidate_id,
        report.second_protocol,
        report.provenance.weights_sha256,
    ):
        assert figure in card


MEASURE = """
import json, sys
import numpy as np, torch
from load import load
notes = json.load(open("final.json"))
data = np.load(sys.argv[1])
shape = (1, -1, 1, 1)
mean, std = (torch.tensor(notes[name]).view(shape) for name in ("mean", "std"))
images = (torch.tensor(data["images"], dtype=torch.float32) / 255 - mean) / std
with torch.no_grad():
    print(int((load()(images).argmax(1).numpy() == data["labels"]).sum()))
"""


def test_the_loader_brings_back_the_network_that_was_measured(
    unbroken: Path, report: FinalReport, tmp_path: Path, task: WatchedTask
) -> None:
    import numpy as np

    test = task._test
    np.savez(tmp_path / "test.npz", images=test.inputs, labels=test.targets)
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "test.npz")]
    result = subprocess.run(
        command, cwd=unbroken / "final", capture_output=True, text=True, check=True, timeout=120
    )
    shutil.rmtree(unbroken / "final" / "__pycache__", ignore_errors=True)
    assert abs(int(result.stdout) - report.test.count) <= 1  # scores may differ in their last bit


def test_the_test_split_is_read_once(unbroken: Path, report: FinalReport, task: WatchedTask) -> None:
    assert task.readings == ["read"]
    assert report.test_readings == 1


def test_what_is_finished_is_not_done_again(unbroken: Path, tmp_path: Path, task: WatchedTask) -> None:
    run = shutil.copytree(unbroken, tmp_path / "run")
    readings = len(task.readings)
    again = take_home(run, task)
    first = FinalFolder(unbroken / "final").report()
    assert first is not None
    assert rows(run) == rows(unbroken) and len(task.readings) == readings
    assert again.model_copy(update={"latency": first.latency}) == first


def test_no_file_of_the_waves_stays_beside_the_folder(unbroken: Path) -> None:
    assert not list(unbroken.glob("*final-*")) and not list(unbroken.glob(".*"))


# Canaries of the test split.


def test_a_poisoned_test_split_changes_nothing_until_the_one_step_that_reads_it(
    unbroken: Path, tmp_path: Path
) -> None:
    run, poisoned = judged_run(tmp_path / "run", PROGRAMS), watched(poisoned=True)
    with pytest.raises(PoisonTaken):
        take_home(run, poisoned)
    assert poisoned.readings == ["read"]
    before_the_test = [row for row in rows(unbroken) if "/test/" not in str(row["protocol_id"])]
    assert rows(run) == before_the_test
    assert len(list((run / "final-weights").iterdir())) == 1  # all but the reading was done


def test_a_test_split_of_wrong_labels_moves_the_test_accuracy_alone(unbroken: Path, tmp_path: Path) -> None:
    run = judged_run(tmp_path / "run", PROGRAMS)
    wrong = take_home(run, watched(test=all_wrong()))
    right = FinalFolder(unbroken / "final").report()
    assert right is not None and wrong.test.value < 0.2 < right.test.value
    measured_anew = {"test": right.test, "latency": right.latency}
    assert wrong.model_copy(update=measured_anew) == right


# Going on.


class Stopped(Exception):
    """The process is gone, as far as the waves can tell."""


def stopping(opened: Final, after: int) -> None:
    """Have the waves end before their next step, once `after` steps are done."""
    left = iter(range(after))
    step = opened.waves.observer.step

    def counted(name: str, evaluation: Evaluation | None = None) -> None:
        step(name, evaluation)
        if next(left, None) is None:
            raise Stopped

    opened.waves.observer.step = counted  # type: ignore[method-assign]


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 4, 7])
def test_waves_that_stopped_anywhere_go_on_to_the_same_end(
    unbroken: Path, tmp_path: Path, task: WatchedTask, after: int
) -> None:
    run = judged_run(tmp_path / "run", PROGRAMS)
    with open_final(run, QUICK, load=lambda _: task) as opened:
        stopping(opened, after)
        with pytest.raises(Stopped):
            opened.run()
    take_home(run, task)
    assert rows(run) == rows(unbroken)
    for name in ("model.py", "weights.safetensors", "load.py", "model.onnx"):
        assert (run / "final" / name).read_bytes() == (unbroken / "final" / name).read_bytes(), name


def test_weights_that_are_lost_after_the_test_are_trained_again(
    unbroken: Path, tmp_path: Path, task: WatchedTask
) -> None:
    run = shutil.copytree(unbroken, tmp_path / "run")
    shutil.rmtree(run / "final")
    take_home(run, task)
    weights = (path / "final" / "weights.safetensors" for path in (run, unbroken))
    assert next(weights).read_bytes() == next(weights).read_bytes()


def test_weights_that_come_out_otherwise_than_those_measured_are_refused(
    unbroken: Path, tmp_path: Path, task: WatchedTask
) -> None:
    run = shutil.copytree(unbroken, tmp_path / "run")
    shutil.rmtree(run / "final")
    with open_final(run, QUICK, load=lambda _: task) as opened:
        wave = opened.waves
        original: Callable[..., object] = wave.store.find
        with wave.workshop(QUICK.second_wave(opened.config)) as workshop:
            winner = wave.first(wave.entrants())[0].entrant.candidate
            training = workshop.train(winner)
            assert not isinstance(training, Evaluation) and original is not None
            content = bytearray(training.weights.content)
            content[-1] ^= 1
            other = training._replace(weights=training.weights._replace(content=bytes(content)))
            with pytest.raises(OtherWeightsError, match="Start anew"):
                wave.store.keep(winner.id, workshop.training_id, other)


# Networks that cannot be taken home.

KEEPS_ITS_WEIGHTS = WIDE + "\n    def state_dict(self, *_, **__):\n        raise ValueError('mine')\n"


def test_a_winner_that_cannot_be_taken_home_is_passed_over_before_the_test(tmp_path: Path) -> None:
    task = watched()
    run = judged_run(
        tmp_path / "run", [(KEEPS_ITS_WEIGHTS, 0.9), (program(learn="pass"), 0.5), (NARROW, 0.4)]
    )
    with open_final(run, QUICK.model_copy(update={"top": 3, "seeds": 1}), load=lambda _: task) as opened:
        home = opened.run()
    assert home.provenance.candidate_id == "c000/0002"
    assert [(each.candidate_id, each.status) for each in home.passed_over] == [
        ("c000/0000", EvaluationStatus.RUNTIME_ERROR)
    ]
    assert task.readings == ["read"]
    failed = next(row for row in rows(run, "/train+val/e") if row["candidate_id"] == "c000/0000")
    assert (failed["stage"], failed["accuracy"]) == (Stage.LEARN, None)


def test_after_a_test_that_failed_no_other_network_is_tried(tmp_path: Path) -> None:
    """Its program breaks on as many images as the last test question has."""
    split = watched()._test
    task = watched(test=Examples(split.inputs[:77], split.targets[:77]))
    breaks = "assert len(x) != 77\nreturn self.head(self.body(x).flatten(1))"
    run = judged_run(tmp_path / "run", [(program(forward=breaks), 0.9), (NARROW, 0.8)])
    settings = QUICK.model_copy(update={"top": 1, "seeds": 1})
    for _ in range(2):
        with (
            open_final(run, settings, load=lambda _: task) as opened,
            pytest.raises(NothingToTakeHome, match="No other network"),
        ):
            opened.run()
    assert task.readings == ["read"]
    assert len(rows(run, "/test/")) == 1 and not (run / "final").exists()


def test_the_machine_readable_report_is_read_back_as_it_was_written(
    unbroken: Path, report: FinalReport
) -> None:
    text = (unbroken / "final" / "final.json").read_text()
    assert FinalReport.model_validate(json.loads(text)) == report


@pytest.mark.slow
def test_the_seed_and_the_best_beside_it_are_measured_alike(tmp_path: Path) -> None:
    run = judged_run(tmp_path / "run", [(NARROW, 0.5), (WIDE, 0.9)], operators=["seed", "one slot"])
    settings = QUICK.model_copy(update={"top": 1})
    with open_final(run, settings, load=lambda _: watched()) as opened:
        report = opened.run()
    assert (report.seed, report.best_non_seed) == ("c000/0000", "c000/0001")
    assert {each.candidate_id for each in report.first_wave} == {"c000/0000", "c000/0001"}
    assert {len(each.accuracies) for each in report.first_wave} == {QUICK.seeds}
