"""Our own server as a process: it comes up, says why it does not, and leaves nothing behind.

A small real server stands for vLLM (tests/endpoint_server.py): what is tested here is about processes, ports
and logs. tests/generator/test_vllm.py does the same with vLLM itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.records.prompts import Message, Prompt, SamplingParameters
from generator.config.serving import EngineConfig, ServerConfig
from generator.samplers.contract import UpstreamError
from generator.serving.endpoint_sampler import EndpointSampler
from generator.serving.vllm.server import VllmServer

ROOT = Path(__file__).parents[2]


def prompts(*seeds: int) -> list[Prompt]:
    messages = (Message(role="user", content="question"),)
    return [Prompt(id=f"p{s}", strategy="s", template="t", seed=s, messages=messages) for s in seeds]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has a vLLM of its own: `-m vllm...` runs the small server."""
    path = tmp_path_factory.mktemp("python") / "python"
    path.write_text(
        "#!/bin/sh\n"
        'case "$*" in *metadata*) echo 0.0.1;;\n'
        f'*) cd {ROOT} && shift 2 && exec {sys.executable} -m tests.endpoint_server "$@";; esac\n'
    )
    path.chmod(0o755)
    return path


class Notes(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)


def server(python: Path, folder: Path, model: str = "tiny", **settings: Any) -> VllmServer:
    settings = {"python": python, "startup_timeout_seconds": 20, "backoff_seconds": 0.01, **settings}
    return VllmServer(
        Path("/models") / model,
        EngineConfig(),
        ServerConfig(**settings),
        device="cpu",
        threads=1,
        log_file=folder / "vllm.log",
        notify=Notes(),
    )


def engine_process(folder: Path) -> int:
    """Return the process id of the last engine, the second process of the stand-in."""
    return int(re.findall(r"^engine (\d+)$", (folder / "vllm.log").read_text(), re.MULTILINE)[-1])


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def assert_gone(pid: int, within_seconds: float = 15) -> None:
    deadline = time.monotonic() + within_seconds
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.05)


@pytest.fixture
def running(python: Path, tmp_path: Path) -> Iterator[VllmServer]:
    with server(python, tmp_path) as started:
        started.start()
        yield started


def test_a_started_server_is_healthy_and_a_second_start_changes_nothing(running: VllmServer) -> None:
    url = running.url
    assert running.healthy()
    assert running.start() is False
    assert running.url == url


def test_release_leaves_no_process_and_start_brings_the_server_back(
    running: VllmServer, tmp_path: Path
) -> None:
    engine = engine_process(tmp_path)
    running.release()
    assert_gone(engine)
    assert not running.alive()
    assert running.start() is True
    assert running.healthy()


def load_an_adapter(url: str, key: str | None) -> int:
    """Ask for an adapter as anybody on this machine could; return the status."""
    body = json.dumps({"lora_name": "theirs", "lora_path": "/tmp/theirs"}).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(f"{url}/load_lora_adapter", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_nobody_else_can_load_an_adapter_into_our_server(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLLM_API_KEY", "the user's own, for another server")
    own = server(python, tmp_path)
    with EndpointSampler(own.config, SamplingParameters(), server=own) as source:
        assert len(list(source.sample(prompts(1), None))) == 1
        statuses = [load_an_adapter(own.url, key) for key in (None, "guess", own.api_key)]
    assert statuses == [401, 401, 200]


def test_the_key_of_our_server_is_in_no_command_line_and_in_no_log(
    running: VllmServer, tmp_path: Path
) -> None:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            lines.append(path.read_bytes())
    assert any(b"--served-model-name" in line for line in lines)
    assert not any(running.api_key.encode() in line for line in lines)
    assert running.api_key not in (tmp_path / "vllm.log").read_text()
    assert running.api_key not in repr(vars(running.config))
    assert server(Path(sys.executable), tmp_path).api_key != running.api_key


def test_the_server_stands_in_a_session_of_its_own(running: VllmServer, tmp_path: Path) -> None:
    assert os.getsid(engine_process(tmp_path)) != os.getsid(0)


def test_a_server_that_loses_its_first_process_leaves_no_engine(running: VllmServer, tmp_path: Path) -> None:
    engine = engine_process(tmp_path)
    os.kill(os.getpgid(engine), signal.SIGKILL)
    assert_gone(engine)
    assert_gone_from(running)


def assert_gone_from(running: VllmServer) -> None:
    deadline = time.monotonic() + 10
    while running.alive():
        assert time.monotonic() < deadline
        time.sleep(0.05)


DRIVER = """
import sys, time
from pathlib import Path
from tests.generator.test_vllm_server import server
started = server(Path(sys.argv[1]), Path(sys.argv[2]))
started.start()
print("ready", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_process_outlives_a_driver_that_is_killed(python: Path, tmp_path: Path, number: int) -> None:
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, python, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout is not None
    assert driver.stdout.readline() == "ready\n"
    engine = engine_process(tmp_path)
    assert is_running(engine)
    driver.send_signal(number)
    driver.wait()
    driver.stdout.close()
    assert_gone(engine)


def test_no_server_outlives_a_watchdog_that_is_killed(running: VllmServer, tmp_path: Path) -> None:
    engine = engine_process(tmp_path)
    first = os.getpgid(engine)
    assert running._process is not None
    running._process.kill()
    assert_gone(first)
    os.killpg(first, signal.SIGKILL)  # vLLM would have ended its engine, the stand-in leaves it


def test_a_port_in_use_is_named_with_the_remedy(python: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UpstreamError, match=rf"port {port} is in use.*generator\.server\.port"):
            server(python, tmp_path, port=port).start()


def test_a_missing_model_is_named_with_the_last_lines_of_the_log(python: Path, tmp_path: Path) -> None:
    with pytest.raises(UpstreamError, match=r"(?s)it found no model.*\n  \| .*missing is not a local folder"):
        server(python, tmp_path, "missing").start()


def test_want_of_memory_is_named_with_the_remedy(python: Path, tmp_path: Path) -> None:
    with pytest.raises(UpstreamError, match=r"ran out of memory.*kv_cache_mib"):
        server(python, tmp_path, "huge").start()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "it was killed"),
        (signal.SIGILL, "does not allow.*install_vllm"),
        (signal.SIGABRT, "134"),
    ],
)
def test_a_server_that_a_signal_ends_says_what_that_means(
    number: signal.Signals, words: str, python: Path, tmp_path: Path
) -> None:
    with pytest.raises(UpstreamError, match=words):
        server(python, tmp_path, f"dies-of-{int(number)}").start()


def test_a_server_that_never_gets_ready_is_given_up_and_ended(python: Path, tmp_path: Path) -> None:
    slow = server(python, tmp_path, "slow", startup_timeout_seconds=1.5)
    with pytest.raises(UpstreamError, match="startup_timeout_seconds"):
        slow.start()
    assert not slow.alive()


def test_an_interpreter_without_vllm_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    with pytest.raises(UpstreamError, match=r"bare has no vLLM.*scripts/install_vllm"):
        server(bare, tmp_path).start()


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UpstreamError, match=r"server\.python = .*gone.*cannot be run"):
        server(tmp_path / "gone", tmp_path).start()


def test_a_server_killed_under_a_call_is_started_again_and_every_prompt_is_answered(
    python: Path, tmp_path: Path
) -> None:
    own = server(python, tmp_path)
    with EndpointSampler(own.config, SamplingParameters(), server=own) as source:
        assert len(list(source.sample(prompts(1), None))) == 1
        os.killpg(os.getpgid(engine_process(tmp_path)), signal.SIGKILL)
        samples = list(source.sample(prompts(*range(20)), None))
    assert {sample.prompt_id for sample in samples} == {f"p{seed}" for seed in range(20)}
    assert (tmp_path / "vllm.log").read_text().count("$ ") == 2


def test_a_server_that_keeps_dying_ends_the_call(python: Path, tmp_path: Path) -> None:
    own = server(python, tmp_path, restarts=0, attempts=2)
    with EndpointSampler(own.config, SamplingParameters(), server=own) as source:
        stream = source.sample(prompts(*range(3)), None)
        next(stream)
        stream.close()
        own.config = own.config.model_copy(update={"python": tmp_path / "gone"})
        own.release()
        with pytest.raises(UpstreamError, match="cannot be run"):
            list(source.sample(prompts(1), None))
