"""`archloop doctor --gpu` on a processor: its programs see what is open; a proof holds for one machine."""

from __future__ import annotations

import subprocess
from itertools import islice
from pathlib import Path

import pytest

from cycles.config.run import load_config
from cycles.errors import UsageError
from cycles.machine.proofs import note_proof, require_proof
from cycles.preflight.doctor.finding import Finding, Level
from cycles.preflight.doctor.gpu import examine_device, examine_gpu
from evaluator.config import EvaluatorConfig
from tests.command_line import ENTRY

ON_GPU = EvaluatorConfig(device="cuda")


def texts(findings: list[Finding], level: Level) -> str:
    return "\n".join(each.says for each in findings if each.level is level)


def test_in_the_sandbox_every_program_is_contained_and_the_honest_ones_train() -> None:
    findings = list(examine_device(EvaluatorConfig(), "cpu"))
    assert not texts(findings, Level.FAULT)
    said = texts(findings, Level.OK)
    for part in (
        "an honest program, twice",
        "read a file",
        "open a socket",
        "what another left",
        "too much time",
    ):
        assert part in said
    assert len(findings) == 11


def test_without_a_sandbox_the_programs_see_that_there_is_none() -> None:
    findings = list(islice(examine_device(EvaluatorConfig(isolation="unsafe"), "cpu"), 6))
    said = texts(findings, Level.FAULT)
    for part in ("read a file of the user's", "open a socket", "control a device that is no GPU"):
        assert f"a program could {part}" in said
    assert all(each.fix for each in findings if each.level is Level.FAULT)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a GPU, as far as its driver's program says so, and a cache of the user's."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'NVIDIA A100, 80GB, 570.1, 81920'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return program


def test_a_run_on_a_gpu_wants_a_proof_of_this_machine_and_driver(driver: Path) -> None:
    require_proof(EvaluatorConfig())
    require_proof(ON_GPU.model_copy(update={"gpu_unproven": True}))
    with pytest.raises(UsageError, match="archloop doctor --gpu"):
        require_proof(ON_GPU)
    assert note_proof("cuda").is_file()
    require_proof(ON_GPU)
    driver.write_text(driver.read_text().replace("570.1", "580.2"))
    with pytest.raises(UsageError, match="archloop doctor --gpu"):
        require_proof(ON_GPU)


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_a_damaged_proof_is_none(driver: Path, content: str) -> None:
    note_proof("cuda").write_text(content)
    with pytest.raises(UsageError, match="archloop doctor --gpu"):
        require_proof(ON_GPU)
    note_proof("cuda")
    require_proof(ON_GPU)


def test_a_gpu_whose_sandbox_does_not_start_is_a_fault_and_no_proof(driver: Path) -> None:
    """The driver's program says that there is one, and CUDA does not start: as on this machine."""
    (finding,) = examine_gpu(load_config("cpu-tiny"))
    assert finding.level is Level.FAULT and "did not start in the sandbox" in finding.says
    with pytest.raises(UsageError):
        require_proof(ON_GPU)


def test_without_a_gpu_it_ends_with_code_3_and_a_remedy(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    told = subprocess.run([*ENTRY, "doctor", "--gpu"], capture_output=True, text=True, env=environment)
    assert told.returncode == 3
    assert "finds no GPU here" in told.stdout and "fix:" in told.stdout


@pytest.mark.parametrize("command", ["evaluate", "probe"])
def test_a_single_step_on_a_gpu_wants_a_proof_too(driver: Path, command: str) -> None:
    step = [*ENTRY, command, "tests/programs/small_cnn.py", "--set", "evaluator.device=cuda"]
    told = subprocess.run(step, capture_output=True, text=True)
    assert told.returncode == 2 and "archloop doctor --gpu" in told.stderr
