"""What is wrong with a cluster is said in one line with the remedy, before anything is judged."""

from __future__ import annotations

import importlib.util
import socket
import time
from pathlib import Path

import pytest

from corpus.records.machines import Machine
from cycles.assembly import start_run
from cycles.cli.app import main
from cycles.config.arms import arm_of
from cycles.config.run import load_config
from cycles.errors import ConfigError, UsageError
from cycles.preflight.doctor.inputs import cluster
from cycles.preflight.dry_run import dry_run
from cycles.scale.cluster import check_ray, joined
from cycles.scale.worker import Greeting, code_digest, this_machine, unlike
from cycles.studies.running import _OF_NO_RESULT
from evaluator.supervisor.protocol import protocol_id
from evaluator.tasks import task_spec

RAY = "scale.engine=ray"


def greeting(**changes: object) -> Greeting:
    here = {
        "node": "gpu-7",
        "code": code_digest(),
        "protocol_id": "digits-v1/e1",
        "machine": this_machine(),
        "tier": "full",
        "isolation": "namespaces",
    }
    return Greeting.model_validate(here | changes)


@pytest.mark.parametrize("address", ["10.0.0.1", "ray://10.0.0.1:10001", "here", "10.0.0.1:port", ""])
def test_an_address_that_names_no_cluster_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(ConfigError, match=r"scale.address: write 'local', 'auto' or HOST:PORT"):
        load_config("cpu-tiny", [f'scale.address="{address}"'])


@pytest.mark.parametrize("address", ["local", "auto", "10.0.0.1:6379", "[::1]:6379", "node-7:6379"])
def test_an_address_of_a_cluster_is_taken(address: str) -> None:
    assert load_config("cpu-tiny", [f'scale.address="{address}"']).scale.address == address


def test_what_trains_nothing_is_not_spread() -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install -e '.[ray]'")
    config = load_config("cpu-tiny", [RAY])
    table = config.evaluator.model_copy(update={"table": "cells-3-digits"})
    with pytest.raises(UsageError, match=r"leave scale\.engine out"):
        check_ray(config.model_copy(update={"evaluator": table}))


def test_no_result_depends_on_the_scale() -> None:
    plain, ray = load_config("cpu-tiny"), load_config("cpu-tiny", [RAY, "scale.workers=64"])
    assert arm_of(plain) == arm_of(ray)
    spec = task_spec(plain.evaluator.task)
    assert protocol_id(plain.evaluator, spec) == protocol_id(ray.evaluator, spec)
    assert {f"scale.{name}" for name in type(ray.scale).model_fields} < _OF_NO_RESULT


@pytest.fixture
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "ray" else found(name, *more)
    )


@pytest.mark.usefixtures("without_ray")
def test_without_ray_a_run_is_refused_before_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pip install -e '\.\[ray\]'"):
        start_run(tmp_path / "run", load_config("cpu-tiny", [RAY]))
    assert not (tmp_path / "run").exists()
    start_run(tmp_path / "run", load_config("smoke"))


@pytest.mark.usefixtures("without_ray")
def test_without_ray_a_dry_run_and_the_doctor_say_what_a_run_would() -> None:
    config = load_config("cpu-tiny", [RAY])
    [obstacle], [finding] = dry_run(config).obstacles, cluster(config)
    assert "pip install -e '.[ray]'" in obstacle and obstacle == finding.says


def test_a_port_where_nobody_listens_is_named_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    start = time.monotonic()
    said = f"no Ray cluster answers at '{address}'.*ray start --head"
    with pytest.raises(UsageError, match=said), joined(address):
        pass
    assert time.monotonic() - start < 5.0


def test_a_strangers_configuration_joins_no_cluster_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = tmp_path / "theirs.toml"
    theirs.write_text('[scale]\nengine = "ray"\naddress = "10.0.0.1:6379"\n')
    monkeypatch.setattr("sys.argv", ["archloop", "run", "--preset", str(theirs), "--out", f"{tmp_path}/run"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "scale.address is '10.0.0.1:6379', a cluster that could run code here" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_node_like_this_machine_is_fit() -> None:
    assert unlike(greeting(), "digits-v1/e1") is None


def test_a_node_with_other_code_is_named() -> None:
    finding = unlike(greeting(code="0" * 16), "digits-v1/e1")
    assert finding == "gpu-7: its archloop is not the one of this machine. Install the same there."


def test_a_node_with_another_torch_is_named() -> None:
    other = Machine(python="3.11", platform="Linux", machine="x86_64", packages={"torch": "1.0"})
    assert "gpu-7: its torch is 1.0" in str(unlike(greeting(machine=other), "digits-v1/e1"))


def test_a_node_with_other_files_is_named() -> None:
    finding = unlike(greeting(protocol_id="cifar10-v1.abc/e1"), "cifar10-v1.def/e1")
    assert "gpu-7: its protocol is cifar10-v1.abc/e1" in str(finding)
    assert "Copy them to the same place on every node." in str(finding)
