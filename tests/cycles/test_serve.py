"""The report over HTTP: who may read it, what is answered, and when it is made anew."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from corpus.ledger.writer import LedgerWriter
from cycles.errors import UsageError
from cycles.run.run_directory import RunDirectory
from cycles.showing.serve import ReportServer
from tests.command_line import ENTRY
from tests.runs import append_cycle, write_run


@contextmanager
def serving(*runs: Path) -> Iterator[ReportServer]:
    with ReportServer(runs) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(
    server: ReportServer, path: str = "/", method: str = "GET", host: str | None = None
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{server.server_port}" if host is None else host)
    connection.endheaders()
    return connection.getresponse()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", cycles=1)


def test_the_root_is_the_report(run: Path) -> None:
    with serving(run) as server:
        answer = ask(server)
        page = answer.read().decode()
    assert answer.status == 200
    assert "c000/0003" in page and page.startswith("<!doctype html>")


def test_it_listens_on_the_loopback_address_alone(run: Path) -> None:
    with ReportServer([run]) as server:
        assert server.socket.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_foreign_name_reads_nothing(run: Path, host: str) -> None:
    with serving(run) as server:
        answer = ask(server, host=host)
        assert answer.status == 421
        assert b"c000" not in answer.read()


def test_two_names_at_once_read_nothing(run: Path) -> None:
    with serving(run) as server:
        connection = socket.create_connection(("127.0.0.1", server.server_port))
        own = f"127.0.0.1:{server.server_port}"
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {own}\r\nHost: evil.example\r\n\r\n".encode())
        assert b"421" in connection.recv(100)
        connection.close()


def test_localhost_is_a_name_of_this_machine(run: Path) -> None:
    with serving(run) as server:
        assert ask(server, "/state", host=f"localhost:{server.server_port}").status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_but_get_is_answered(run: Path, method: str) -> None:
    with serving(run) as server:
        answer = ask(server, method=method)
    assert answer.status == 405 and answer.getheader("Allow") == "GET"


@pytest.mark.parametrize(
    "path", ["/corpus.db", "/../run/corpus.db", "/%2e%2e/config.toml", "//etc/passwd", "/?x"]
)
def test_there_are_no_paths_to_files(run: Path, path: str) -> None:
    with serving(run) as server:
        assert ask(server, path).status == 404


def test_a_cycle_more_changes_the_state_and_the_report(run: Path) -> None:
    with serving(run) as server:
        before = ask(server, "/state").read()
        assert ask(server, "/state").read() == before
        with LedgerWriter.open(RunDirectory.open(run).ledger_file) as ledger:
            append_cycle(ledger, 1, 8)
        assert ask(server, "/state").read() != before
        assert b"c001/0003" in ask(server).read()


def test_reading_changes_no_state(run: Path) -> None:
    with serving(run) as server:
        before = ask(server, "/state").read()
        for _ in range(3):
            ask(server).read()
        assert ask(server, "/state").read() == before


def test_a_cycle_is_served_while_the_loop_has_the_ledger_open(run: Path) -> None:
    with LedgerWriter.open(RunDirectory.open(run).ledger_file) as ledger, serving(run) as server:
        append_cycle(ledger, 1, 8)
        assert b"c001/0003" in ask(server).read()


def test_a_port_in_use_is_the_users_mistake(run: Path) -> None:
    with ReportServer([run]) as server, pytest.raises(UsageError, match="--port 0"):
        ReportServer([run], server.server_port)


def test_a_run_that_is_none_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        ReportServer([tmp_path])


def test_the_command_says_where_and_ends_at_ctrl_c(run: Path) -> None:
    import signal

    command = [*ENTRY, "serve", str(run), "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    connection = http.client.HTTPConnection(url.removeprefix("http://").rstrip("/"), timeout=30)
    connection.request("GET", "/state")
    assert connection.getresponse().status == 200
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=10)
    assert process.returncode == 130 and error == ""
