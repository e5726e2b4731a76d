"""`archloop final` as its users meet it: a finished folder is shown, and what cannot be done is one line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from corpus.ledger.writer import LedgerWriter
from corpus.records.evaluations import EvaluationStatus
from corpus.records.machines import Machine
from cycles.errors import UsageError
from cycles.figures.statistics import mean_interval, wilson
from cycles.final.card import model_card
from cycles.final.folder import FinalFolder
from cycles.final.records import FinalReport, Latency, PassedOver, Placing, Provenance
from cycles.final.settings import FinalSettings
from tests.command_line import ENTRY
from tests.finals import NARROW, WIDE, judged_run

REPORT = FinalReport(
    settings=FinalSettings(top=1, epochs=2, seeds=2),
    provenance=Provenance(
        run="run",
        run_seed=0,
        arm="closed loop",
        candidate_id="c000/0001",
        cycle=0,
        parents=(),
        generator="test",
        generator_hash=None,
        adapter_hash="0123456789abcdef",
        source_sha256="a" * 64,
        weights_sha256="b" * 64,
    ),
    licence="NOASSERTION",
    task="digits-clean-v1",
    in_shape=(1, 1, 8, 8),
    out_shape=(10,),
    prm={"lr": 0.01},
    mean=(0.3,),
    std=(0.4,),
    validation=mean_interval([0.91, 0.93]),
    test=wilson(314, 349),
    test_readings=1,
    first_wave=(
        Placing(
            candidate_id="c000/0001",
            searched=0.8,
            accuracies=(0.91, 0.93),
            statuses=(EvaluationStatus.COMPLETE, EvaluationStatus.COMPLETE),
            mean=mean_interval([0.91, 0.93]),
            parameters=1370,
        ),
    ),
    first_protocols=("digits-clean-v1/e2/b32/s1/p0", "digits-clean-v1/e2/b32/s2/p0"),
    second_protocol="digits-clean-v1/train+val/test/e2/b32/s3/p0",
    passed_over=(),
    parameters=1370,
    flops=11776,
    weights_numbers=1370,
    weights_bytes=5800,
    latency=Latency(median_ms=0.61, slow_ms=0.83, images=100, threads=1),
    onnx=False,
    onnx_note="not there: UnsupportedOperatorError: fft",
    trained_images=1448,
    machine=Machine(python="3.11.2", platform="Linux", machine="x86_64", packages={"torch": "2.13.0"}),
    isolation="namespaces + landlock + seccomp",
)


def final(run: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*ENTRY, "final", str(run), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def assert_one_clear_line(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    for part in parts:
        assert part in result.stderr


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    run = judged_run(tmp_path / "run", [(NARROW, 0.7), (WIDE, 0.8)])
    FinalFolder(run / "final").write(REPORT, source=WIDE, weights=b"weights", onnx=None)
    return run


def test_a_finished_folder_is_only_shown(finished: Path) -> None:
    """Even while somebody writes to the ledger, which is not opened."""
    with LedgerWriter.open(finished / "corpus.db"):
        result = final(finished)
    assert result.returncode == 0, result.stderr
    assert "c000/0001: test accuracy 0.900 [0.864, 0.927] (314 of 349 images)" in result.stdout
    assert "fft" in result.stdout and str(finished / "final") in result.stdout


def test_a_finished_folder_is_shown_to_programs(finished: Path) -> None:
    result = final(finished, "--json")
    event = json.loads(result.stdout)
    assert (event.pop("event"), event.pop("path")) == ("final", str(finished / "final"))
    assert FinalReport.model_validate(event) == REPORT


def test_a_folder_of_other_settings_is_not_taken_for_what_was_asked_for(finished: Path) -> None:
    assert_one_clear_line(final(finished, "--epochs", "7"), "--top 1 --epochs 2 --seeds 2", "--again")


def test_a_folder_that_is_somebody_elses_is_left_alone(finished: Path) -> None:
    (finished / "final" / "final.json").write_text("{}")
    assert_one_clear_line(final(finished, "--again"), "no final.json that can be read", "Move it away")
    assert (finished / "final" / "model.py").exists()


def test_where_no_run_is_the_command_says_so(tmp_path: Path) -> None:
    assert_one_clear_line(final(tmp_path / "nothing"), "holds no run", "archloop run")


def test_a_run_without_a_valid_network_has_nothing_to_take_home(tmp_path: Path) -> None:
    run = judged_run(tmp_path / "run", [(NARROW, None), (WIDE, None)])
    assert_one_clear_line(final(run), "none of its 2 judged programs is valid")
    assert not (run / "final").exists()


def test_a_run_that_is_going_on_is_left_alone(tmp_path: Path) -> None:
    run = judged_run(tmp_path / "run", [(NARROW, 0.7)])
    with LedgerWriter.open(run / "corpus.db"):
        assert_one_clear_line(final(run), f"process {os.getpid()} is writing to it")


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    run = judged_run(tmp_path / "run", [(NARROW, 0.7), (WIDE, 0.8)])
    command = [*ENTRY, "final", str(run), "--epochs", "3", "--seeds", "9", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while '"step"' not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 130 and time.monotonic() - started < 100
    assert f"archloop final {run} --epochs 3 --seeds 9" in errors


def test_a_folder_is_written_whole_or_not_at_all(finished: Path) -> None:
    folder = FinalFolder(finished / "final")
    broken = REPORT.model_copy(update={"provenance": None})
    with pytest.raises(AttributeError):
        folder.write(broken, source="new", weights=b"new", onnx=None)
    assert (folder.path / "model.py").read_text() == WIDE
    assert [path.name for path in finished.iterdir() if path.name.startswith(".")] == []


def test_a_report_that_was_damaged_is_no_report(finished: Path) -> None:
    (finished / "final" / "final.json").write_text("\xff", encoding="latin-1")
    with pytest.raises(UsageError, match="that can be read"):
        FinalFolder(finished / "final").report()


def test_the_card_keeps_what_a_program_said_on_one_line() -> None:
    said = "line 3: x\n# Accuracy 1.000\n\x1b[31m"
    passed = PassedOver(candidate_id="c000/0009", status=EvaluationStatus.RUNTIME_ERROR, reason=said)
    card = model_card(REPORT.model_copy(update={"passed_over": (passed,), "onnx_note": said}))
    assert "\n# Accuracy" not in card and "\x1b" not in card


def test_the_card_says_when_the_test_split_was_read_before() -> None:
    assert "the only network" in model_card(REPORT)
    assert "3 networks of the run" in model_card(REPORT.model_copy(update={"test_readings": 3}))
