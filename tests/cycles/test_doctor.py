"""The doctor: each fault is seen, has a fix, and decides the exit code; what is well is said to be well."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from cycles.assembly import start_run
from cycles.config.run import load_config
from cycles.preflight.doctor import inputs, installation, machine, places
from cycles.preflight.doctor.finding import Finding, Level
from evaluator.errors import TaskDataError
from evaluator.isolation.tiers import COSTS, REMEDIES, Barrier, BarrierCheck
from generator.embedded import embedded_model_path
from tests.command_line import ENTRY
from tests.endpoint_server import EndpointServer


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed distribution whose pins are partly met: its metadata is a real one, on the path."""
    info = tmp_path / "patient-1.0.dist-info"
    info.mkdir()
    pydantic = metadata.version("pydantic")
    info.joinpath("METADATA").write_text(
        "Metadata-Version: 2.1\nName: patient\nVersion: 1.0\nProvides-Extra: more\n"
        f"Requires-Dist: pydantic=={pydantic}\n"
        "Requires-Dist: rich==0.0.1\n"
        "Requires-Dist: no-such-package-here>=2\n"
        'Requires-Dist: typer==0.0.1; extra == "more"\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return "patient"


def test_a_package_that_is_missing_or_of_another_version_is_a_fault_with_its_pin(distribution: str) -> None:
    faults = [each for each in installation.packages(distribution) if each.level is Level.FAULT]
    assert [each.says.split()[0] for each in faults] == ["rich", "no-such-package-here"]
    assert "'rich==0.0.1'" in faults[0].fix and "'no-such-package-here>=2'" in faults[1].fix


def test_an_extra_of_another_version_is_a_warning(distribution: str) -> None:
    warnings = [each for each in installation.packages(distribution) if each.level is Level.WARN]
    assert [each.subject for each in warnings] == ["Extra more"]


def test_a_missing_torchvision_is_told_with_the_release_that_fits_and_is_no_fault(
    distribution: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "patient-1.0.dist-info" / "METADATA").open("a") as file:
        file.write('Requires-Dist: torchvision==0.28.*; extra == "more"\n')
    monkeypatch.setattr(installation, "_version", lambda _requirement: None)
    finding = installation.torchvision(distribution)
    assert finding.level is Level.OK and "MISSING_DEPENDENCY" in finding.says
    assert "pip install 'torchvision==0.28.*', from the index that torch came from" in finding.says


def test_torchvision_and_torch_are_pinned_to_releases_that_fit() -> None:
    """Release 0.N of torchvision needs 2.(N - 15) of torch; it says so in its own metadata."""
    pins = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    (torch,) = [each for each in pins["dependencies"] if each.startswith("torch==")]
    (vision,) = pins["optional-dependencies"]["vision"]
    assert int(vision.split(".")[1]) == int(torch.split(".")[1]) + 15


def test_this_installation_meets_its_own_pins() -> None:
    assert [each for each in installation.packages() if each.level is Level.FAULT] == []


def test_a_distribution_that_is_not_installed_is_a_fault() -> None:
    assert only(installation.packages("no-such-distribution")).level is Level.FAULT


def test_a_gpu_that_is_asked_for_and_not_there_is_a_fault() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU; run it where there is none")
    finding = installation.torch_build(
        load_config("cpu-tiny", ["generator.device=cuda", "teaching.by=nobody"])
    )
    assert finding.level is Level.FAULT
    assert "--set generator.device=cpu" in finding.fix


def test_missing_barriers_are_named_with_their_cost_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tuple(BarrierCheck(barrier=each, works=each is not Barrier.NAMESPACES) for each in Barrier)
    monkeypatch.setattr(machine, "probe", lambda: found)
    tier, missing = machine.sandbox(load_config("cpu-tiny"))
    assert tier.level is Level.OK
    assert missing.level is Level.WARN and COSTS[Barrier.NAMESPACES] in missing.says
    assert missing.fix == REMEDIES[Barrier.NAMESPACES]


def test_a_machine_that_contains_nothing_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    found = tuple(BarrierCheck(barrier=each, works=False, detail="refused") for each in Barrier)
    monkeypatch.setattr(machine, "probe", lambda: found)
    first, *rest = machine.sandbox(load_config("cpu-tiny"))
    assert first.level is Level.FAULT
    assert {each.fix for each in rest} == {
        REMEDIES[each] for each in Barrier if each is not Barrier.BUBBLEWRAP
    }


def test_no_isolation_is_never_called_well() -> None:
    config = load_config("cpu-tiny", ['evaluator.isolation="unsafe"'])
    assert only(machine.sandbox(config)).level is Level.WARN


def test_a_local_place_is_well_and_left_as_it_was(tmp_path: Path) -> None:
    findings = list(places.run_place(tmp_path / "runs" / "first", "/dev/sda1 / ext4 rw 0 0\n"))
    assert {each.level for each in findings if each.subject != "Disk"} == {Level.OK}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "fuse.rclone", "tmpfs"])
def test_a_file_system_that_does_not_suit_the_store_is_a_warning(tmp_path: Path, kind: str) -> None:
    mounts = f"/dev/sda1 / ext4 rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\n"
    found = {each.subject: each for each in places.run_place(tmp_path / "first", mounts)}
    assert found["File system"].level is Level.WARN
    assert kind in found["File system"].says and "--out" in found["File system"].fix


@pytest.mark.skipif(
    os.geteuid() == 0 and not shutil.which("setpriv"), reason="root needs setpriv to give up rights"
)
def test_a_place_without_permission_is_a_fault_and_exit_code_3(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    command = [*drop, *ENTRY, "doctor", "--json", "--out", str(closed / "run")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    findings = [Finding.model_validate_json(line) for line in result.stdout.splitlines()]
    assert result.returncode == 3, result.stderr
    faults = [each for each in findings if each.level is Level.FAULT]
    assert [each.subject for each in faults] == ["Run folder"]
    assert all(each.fix for each in findings if each.level is not Level.OK)
    assert {each.subject for each in findings} >= {"Python", "Packages", "torch", "Sandbox", "Model", "Task"}


def test_a_disk_without_room_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "FAULT_BELOW_BYTES", 2**80)
    assert places.disk("Disk", tmp_path).level is Level.FAULT


def test_the_embedded_model_is_whole() -> None:
    finding = only(inputs.model(load_config("cpu-tiny")))
    assert finding.level is Level.OK, finding


def test_a_truncated_model_is_a_fault(tmp_path: Path) -> None:
    shutil.copytree(embedded_model_path(), tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    os.truncate(weights, weights.stat().st_size - 1)
    finding = only(inputs.model(load_config("cpu-tiny", [f'generator.model="{tmp_path / "model"}"'])))
    assert finding.level is Level.FAULT and "damaged" in finding.says


def test_a_model_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    config = load_config("cpu-tiny", [f'generator.model="{tmp_path}"'])
    assert only(inputs.model(config)).level is Level.FAULT


def test_a_task_without_its_files_is_a_fault(tmp_path: Path) -> None:
    settings = ["evaluator.task=cifar10", f'evaluator.data_path="{tmp_path}"']
    finding = inputs.task(load_config("cpu-tiny", settings))
    assert finding.level is Level.FAULT and "evaluator.data_path" in finding.fix


@pytest.mark.parametrize("change", ["flip=true", "resize=16"])
def test_a_change_of_images_that_does_not_fit_the_task_is_a_fault_and_no_run_is_made(
    change: str, tmp_path: Path
) -> None:
    config = load_config("cpu-tiny", ["evaluator.task=waves", f"evaluator.{change}"])
    finding = inputs.task(config)
    assert finding.level is Level.FAULT and "its inputs are signals" in finding.says
    with pytest.raises(TaskDataError, match="its inputs are signals"):
        start_run(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


def test_a_server_that_does_not_answer_is_a_fault() -> None:
    settings = ["generator.sampler=server", "generator.server.url=http://127.0.0.1:9/v1"]
    finding = only(inputs.server(load_config("cpu-tiny", settings)))
    assert finding.level is Level.FAULT and "generator.server.url" in finding.fix


def test_a_running_server_is_asked_what_it_serves() -> None:
    with EndpointServer() as server:
        settings = ["generator.sampler=server", f'generator.server.url="{server.url}"']
        assert only(inputs.server(load_config("cpu-tiny", settings))).level is Level.OK
        wrong = only(inputs.server(load_config("cpu-tiny", [*settings, "generator.server.model=other"])))
        assert wrong.level is Level.FAULT and server.model in wrong.says


def test_a_named_model_of_a_server_that_lists_none_is_taken_at_its_word() -> None:
    with EndpointServer(lists=None) as server:
        settings = ["generator.sampler=server", f'generator.server.url="{server.url}"']
        assert only(inputs.server(load_config("cpu-tiny", settings))).level is Level.FAULT
        named = only(inputs.server(load_config("cpu-tiny", [*settings, "generator.server.model=m"])))
        assert named.level is Level.OK


def test_a_tracker_that_is_not_installed_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    finding = only(inputs.tracking(load_config("cpu-tiny", ["tracking=trackio"])))
    assert finding.level is Level.FAULT and "[track]" in finding.says


def test_a_preset_for_a_gpu_is_a_fault_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cycles.machine.devices.detected_gpus", lambda: [])
    finding = only(machine.room_for_models(load_config("gpu-24gb")))
    assert finding.level is Level.FAULT and finding.fix
    assert list(machine.room_for_models(load_config("cpu-tiny"))) == []
