"""The report as a page on this machine that renews itself: a read-only HTTP server on the loopback address.

What it gives: `/`, the report as the ledgers stand, and `/state`, a short text that changes when they do.
The page asks for the second every three seconds and reloads itself. Reports are made on demand, one at a
time, and kept while the ledgers stay as they are.

It listens on 127.0.0.1 alone, answers GET alone, and only under the names `127.0.0.1` and `localhost` with
its own port, so that a foreign page whose name resolves to this machine (DNS rebinding) reads nothing. There
are no paths to files. It does *not* know users: whoever is on this machine can read the report.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import sys
import threading
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cycles.errors import UsageError
from cycles.figures.runs import RunData, gather
from cycles.reporting.page import render
from cycles.run.run_directory import RunDirectory
from cycles.showing.collector import collector_at_rest

ADDRESS = "127.0.0.1"
_log = logging.getLogger(__name__)


class ReportServer(ThreadingHTTPServer):
    """Serves the report of some runs until it is closed; use it as a context manager."""

    daemon_threads = True
    # A port that was served a moment ago may be taken again; one that is in use may not.
    allow_reuse_address = True

    def __init__(self, runs: Sequence[Path], port: int = 0) -> None:
        """Listen on `port`, or on a free one if it is 0.

        Raises:
            UsageError: A path holds no run, or the port is taken.
        """
        self._runs = list(runs)
        self._ledgers = [RunDirectory.open(path).ledger_file for path in self._runs]
        self._lock = threading.Lock()
        self._known: dict[Path, RunData] = {}
        self._made: tuple[str, bytes] | None = None
        try:
            super().__init__((ADDRESS, port), _Handler)
        except PermissionError:
            raise UsageError(
                f"Port {port} needs more rights than yours. Take a free one: --port 0."
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise UsageError(f"Port {port} is in use. Take another, or any free one: --port 0.") from None
        # The report must be possible: a broken ledger is said now and not in the browser.
        try:
            self.report()
        except BaseException:
            self.server_close()
            raise

    @property
    def url(self) -> str:
        """Where the report is."""
        return f"http://{ADDRESS}:{self.server_port}/"

    @property
    def names(self) -> frozenset[str]:
        """Values of the Host header that are answered."""
        return frozenset(f"{name}:{self.server_port}" for name in (ADDRESS, "localhost"))

    def state(self) -> str:
        """Return a text that changes whenever a ledger is written to."""
        seen = []
        for ledger in self._ledgers:
            # An empty write-ahead log comes and goes with readers, and says nothing.
            for file in (ledger, ledger.with_name(ledger.name + "-wal")):
                try:
                    found = file.stat()
                except FileNotFoundError:
                    continue
                if found.st_size:
                    seen.append(f"{file}:{found.st_size}:{found.st_mtime_ns}")
        return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:16]

    def report(self) -> bytes:
        """Return the page as the ledgers stand."""
        with self._lock:
            state = self.state()
            if self._made is None or self._made[0] != state:
                with collector_at_rest():
                    page = render(gather(self._runs, self._known), live=state)
                self._made = state, page.encode()
            return self._made[1]

    def handle_error(self, *_: object) -> None:
        """Note what failed; a browser that has gone away is no failure."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            _log.exception("a request could not be answered")


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: ReportServer
    server_version, sys_version = "archloop", ""
    timeout = 20  # seconds that a silent connection is kept

    def parse_request(self) -> bool:
        """Refuse whatever is not a GET under a name of this machine, before anything else is looked at."""
        if not super().parse_request():
            return False
        if self.command != "GET":
            self._send(HTTPStatus.METHOD_NOT_ALLOWED, b"Only GET.\n", "text/plain", Allow="GET")
            return False
        if self.headers.get_all("Host", []) not in [[name] for name in self.server.names]:
            self._send(HTTPStatus.MISDIRECTED_REQUEST, b"Not served under this name.\n", "text/plain")
            return False
        return True

    def do_GET(self) -> None:
        """Give the report, or the state of its ledgers."""
        if self.path == "/":
            self._send(HTTPStatus.OK, self.server.report(), "text/html")
        elif self.path == "/state":
            self._send(HTTPStatus.OK, self.server.state().encode(), "text/plain")
        else:
            self._send(HTTPStatus.NOT_FOUND, b"There is only / here.\n", "text/plain")

    def _send(self, status: HTTPStatus, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        headers |= {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Connection": "close",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep requests out of the terminal; they are in the log for whoever asks for it."""
        _log.debug(format, *arguments)
