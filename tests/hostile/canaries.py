"""What no program may touch: files, places, sockets, a process, a secret. Each tells when it was touched.

This module does *not* know programs.
"""

from __future__ import annotations

import os
import secrets
import select
import socket
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

_PRECIOUS = "must survive\n"


class Canaries:
    """A set of canaries in `directory`. A context manager; within, `touched` may be asked at any time.

    Attributes:
        secret: Stands in a file, in a database and in the environment; no evaluation may hold it.
    """

    def __init__(self, directory: Path) -> None:
        self.secret = secrets.token_hex(16)
        self._directory = directory
        self._mark = f"mark-{secrets.token_hex(8)}"
        self._secret_file, self._survivor = directory / "secret.txt", directory / "survivor.txt"
        self._store = directory / "corpus.db"

    def __enter__(self) -> Canaries:
        self._secret_file.write_text(self.secret)
        self._survivor.write_text(_PRECIOUS)
        with sqlite3.connect(self._store) as connection:
            connection.execute("create table ledger (secret text)")
            connection.execute("insert into ledger values (?)", (self.secret,))
        connection.close()
        os.environ["ARCHLOOP_TEST_TOKEN"] = self.secret
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(f"\0{self._mark}")
        self._unix.listen()
        self._victim = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(3600)"])
        self._kept = self._state()
        return self

    def __exit__(self, *_: object) -> None:
        self._victim.kill()
        self._victim.wait()
        for each in (self._tcp, self._udp, self._unix):
            each.close()
        del os.environ["ARCHLOOP_TEST_TOKEN"]

    def known_to_the_program(self, scratch_root: Path) -> dict[str, object]:
        """Return where the canaries are: an attacker who has to guess proves little."""
        return {
            "secret_file": str(self._secret_file),
            "survivor": str(self._survivor),
            "store": str(self._store),
            "directory": str(self._directory),
            "scratch_root": str(scratch_root),
            "places": [str(place) for place in self._places()],
            "mark": self._mark,
            "supervisor": os.getpid(),
            "victim": self._victim.pid,
            "tcp_port": self._tcp.getsockname()[1],
            "udp_port": self._udp.getsockname()[1],
            "unix_name": self._mark,
        }

    def touched(self) -> list[str]:
        """Return what was touched since the last time."""
        found = []
        for name, end in (("TCP port", self._tcp), ("UDP port", self._udp), ("abstract socket", self._unix)):
            if select.select([end], [], [], 0)[0]:
                found.append(name)
                _ = end.recv(100) if end is self._udp else end.accept()[0].close()
        state = Path(f"/proc/{self._victim.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if self._victim.poll() is not None or state in "TtZ":  # stopped, traced, dead
            found.append("victim")
        for left in (place / f"{self._mark}{end}" for place in self._places() for end in ("", ".py", ".pth")):
            if os.path.lexists(left):
                found.append(str(left))
                left.unlink()
        if (now := self._state()) != self._kept:
            found.append(f"files: {now}")
        return found

    def _places(self) -> list[Path]:
        """Return the directories outside its own that a program might want to leave something in."""
        places = [tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm", "/run", Path.home(), Path.cwd()]
        places += [Path(torch.__file__).parent.parent]
        return [self._directory, *dict.fromkeys(Path(each) for each in places if Path(each).is_dir())]

    def _state(self) -> dict[str, object]:
        files = sorted(path for path in self._directory.iterdir() if not path.name.startswith(self._mark))
        return {
            path.name: (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns, path.stat().st_nlink)
            for path in files
        }
