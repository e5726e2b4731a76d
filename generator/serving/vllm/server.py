"""Our own `vllm serve`: started, watched, stopped, and gone with its last process whatever happens to us.

The server runs under `generator/serving/vllm/watchdog.py`, in a session of its own: Ctrl-C in the terminal
does not reach it, and it ends when this process ends in any way. It stays up between calls, so that all
cycles of a run share one; `release` frees its memory for a training, and the next `start` brings it back. It
asks for a key, as others on this machine could load adapters into it otherwise; the key is handed to it by
its environment and stands in no command line and no log.

This module does *not* speak to the model: `generator.serving.endpoint_sampler` does. It imports no vLLM, so
that the server may run on an interpreter of its own.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Callable
from pathlib import Path

from generator.config.serving import EngineConfig, ServerConfig
from generator.samplers.contract import UpstreamError, model_label
from generator.serving.vllm import watchdog as vllm_watchdog
from generator.serving.vllm.command import serve_command, serve_environment
from generator.serving.vllm.failure import explain
from generator.serving.vllm.installation import installed_vllm

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.25
_PROGRESS_SECONDS = 10.0
_STOP_SECONDS = 20.0
_PORT_TRIES = 3


class ServerStartError(UpstreamError):
    """Our server did not come up, so trying once more would not help either."""


class VllmServer:
    """A vLLM server that this process owns; also a context that stops it.

    Args:
        model: Folder of the base model, or its hub id.
        engine: How vLLM runs it.
        config: Port, interpreter and patience.
        device: `cpu` or a CUDA device, in PyTorch's notation.
        threads: CPU threads of the engine.
        log_file: Where the server's output is appended.
        notify: Is told how a start goes, a line at a time.
    """

    def __init__(
        self,
        model: str | Path,
        engine: EngineConfig,
        config: ServerConfig,
        *,
        device: str,
        threads: int,
        log_file: Path,
        notify: Callable[[str], None] = logger.info,
    ) -> None:
        self.model, self.config, self.device, self.log_file = model, config, device, log_file
        self.name = model_label(model)
        self.api_key = secrets.token_urlsafe(32)
        self._engine, self._threads, self._notify = engine, threads, notify
        self._process: subprocess.Popen[bytes] | None = None
        self._served: str | Path | None = None
        self._port = 0
        self._finalizer: weakref.finalize[..., VllmServer] | None = None

    @property
    def url(self) -> str:
        """Base URL of the running server, with `/v1`."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def dtype(self) -> str:
        """Type of the server's weights and activations, `auto` where vLLM decides."""
        return self._engine.resolved_dtype(on_cpu=self.on_cpu)

    @property
    def on_cpu(self) -> bool:
        """Whether the server runs without a GPU."""
        return self.device == "cpu"

    def alive(self) -> bool:
        """Whether the server's process is there; it may still be too busy to answer."""
        return self._process is not None and self._process.poll() is None

    def healthy(self) -> bool:
        """Whether the server answers, and its engine is alive."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def start(self, model: str | Path | None = None) -> bool:
        """Serve `model` (None: the base model) under the base model's name; wait until it is ready.

        Returns:
            Whether a server was started; False if the right one was up already.

        Raises:
            ServerStartError: It did not come up; the message says why and shows the last lines of its log.
            UpstreamError: The interpreter has no vLLM.
        """
        wanted = self.model if model is None else model
        if self.alive() and self._served == wanted and self.healthy():
            return False
        self.release()
        version = installed_vllm(self.config.python or Path(sys.executable))
        if self.config.port and _in_use(self.config.port):
            raise ServerStartError(
                f"port {self.config.port} is in use. Choose another: generator.server.port (0 takes any)"
            )
        for attempt in range(1, _PORT_TRIES + 1):
            self._port = self.config.port or _free_port()
            self._launch(wanted)
            start = time.monotonic()
            offset = self._log_offset
            if self._wait_until_ready(version):
                self._served = wanted
                self._notify(f"vLLM {version} ready after {time.monotonic() - start:.0f} s at {self.url}")
                return True
            timed_out = self.alive()
            self.release()
            explanation = explain(self.log_file, offset, self._exit_status, self._port, timed_out=timed_out)
            # Another program may take a free port between our look and the server's: look again.
            if self.config.port or not explanation.port_in_use or attempt == _PORT_TRIES:
                break
        raise ServerStartError(explanation.message)

    def release(self) -> None:
        """Stop the server and wait until its memory is free; `start` brings it back. Idempotent."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()  # the server gets a SIGTERM from the kernel then
                self._process.wait()
        self._exit_status = self._process.returncode
        self._process, self._served = None, None
        if self._finalizer is not None:
            self._finalizer.detach()

    def __enter__(self) -> VllmServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _launch(self, model: str | Path) -> None:
        python = self.config.python or Path(sys.executable)
        command = serve_command(
            python, model, self._engine, name=self.name, port=self._port, on_cpu=self.on_cpu
        )
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        watchdog = [sys.executable, "-I", vllm_watchdog.__file__, str(os.getpid())]
        with self.log_file.open("ab") as log:
            log.write(f"\n$ {' '.join(command)}\n".encode())
            self._log_offset = log.tell()
            self._process = subprocess.Popen(
                [*watchdog, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",  # nothing of the working directory may shadow the server's packages
                env=serve_environment(
                    os.environ, self.device, self._threads, self._engine, api_key=self.api_key
                ),
            )
        self._finalizer = weakref.finalize(self, self._process.terminate)

    def _wait_until_ready(self, version: str) -> bool:
        """Return whether the server came up before it died or time ran out."""
        start = shown = time.monotonic()
        self._notify(f"vLLM {version} starts on {self.name}; its log: {self.log_file}")
        while self.alive():
            if self.healthy():
                return True
            now = time.monotonic()
            if now - start > self.config.startup_timeout_seconds:
                return False
            if now - shown >= _PROGRESS_SECONDS:
                shown = now
                self._notify(f"vLLM starts: {now - start:.0f} s")
            time.sleep(_POLL_SECONDS)
        return False


def _in_use(port: int) -> bool:
    """Return whether somebody listens at `port`; a stranger's answer must not pass for our server's."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
