"""Headless Chromium for tests, spoken to over a pair of pipes in the DevTools protocol.

No driver and no package is needed: `--remote-debugging-pipe` reads and writes NUL-terminated JSON on file
descriptors 3 and 4. One page at a time; whatever it says on its console and asks of the network is kept.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
MISSING = "needs Chromium: apt-get install chromium"
_FLAGS = (
    *("--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update"),
)


def _high_pipe() -> tuple[int, int]:
    """Return a pipe whose ends are none of the descriptors that the browser wants for itself."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return high[0], high[1]


class Browser:
    """One browser with one page.

    Attributes:
        complaints: What the page wrote to its console as a warning or an error, and what it threw.
        requests: Addresses that the page asked for, itself included.
    """

    def __init__(self, profile: Path) -> None:
        """Start it with an empty profile at `profile`."""
        assert CHROMIUM is not None, MISSING
        theirs_in, self._write = _high_pipe()
        self._read, theirs_out = _high_pipe()
        # Chromium refuses its own sandbox to root; the pages here are ours.
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [CHROMIUM, *_FLAGS, *root, f"--user-data-dir={profile}", "about:blank"]
        plumbing = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out} {theirs_in}<&- {theirs_out}>&-'
        self._process = subprocess.Popen(
            ["bash", "-c", plumbing, "bash", *command],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer, self._number, self._session = b"", 0, ""
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._loaded = False
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._session = ""
            self.ask("Browser.close")
        except (OSError, AssertionError):
            self._process.kill()
        self._process.wait(20)
        os.close(self._read)
        os.close(self._write)

    def open(self, address: str) -> None:
        """Go to `address`, forget what earlier pages said, and wait until it is loaded."""
        self.complaints.clear()
        self.requests.clear()
        self._loaded = False
        self.ask("Page.navigate", url=address)
        self.wait_for_load()

    def wait_for_load(self) -> None:
        """Wait until the page has fired its load event since it was last asked to go somewhere."""
        deadline = time.monotonic() + 60
        while not self._loaded:
            assert time.monotonic() < deadline, "the page did not load"
            self._take(deadline)

    def expect_reload(self) -> None:
        """Wait until the page loads itself again."""
        self._loaded = False
        self.wait_for_load()

    def run(self, script: str) -> Any:
        """Return the value of a script, awaited if it is a promise; what it throws fails the test."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_until(self, script: str, seconds: float = 20) -> None:
        """Wait until a script returns something true."""
        deadline = time.monotonic() + seconds
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < deadline, f"never became true: {script}"
            time.sleep(0.05)

    def screenshot(self, path: Path, *, width: int, dark: bool = False, height: int | None = None) -> None:
        """Write a picture of the page as it is `width` CSS pixels wide, whole or its first `height`."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        whole = height or self.run("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": min(whole, 16000), "scale": 1}
        found = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(found["data"]))

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 90
        while True:
            answer = self._take(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _take(self, deadline: float) -> dict[str, Any]:
        """Return the next message, noted if it is an event."""
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            chunk = os.read(self._read, 1 << 16)
            assert chunk, "the browser has gone"
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, said: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._loaded = True
        elif event == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(said["exceptionDetails"]))
        elif event == "Log.entryAdded" and said["entry"]["level"] in ("warning", "error"):
            self.complaints.append(said["entry"]["text"])
        elif event == "Runtime.consoleAPICalled" and said["type"] in ("warning", "error"):
            self.complaints.append(str(said["args"]))
