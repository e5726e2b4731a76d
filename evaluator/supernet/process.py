"""The supernet's process as the evaluator sees it. This module does *not* import torch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from evaluator.errors import SandboxError
from evaluator.supernet.config import SupernetConfig


class SupernetProcess:
    """A process that holds a trained supernet: started here, ended by `close`.

    Args:
        config: The supernet.
        home: Directory where trained supernets are kept.

    Raises:
        SandboxError: It ended before it was ready.
    """

    def __init__(self, config: SupernetConfig, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-P", "-B", "-m", "evaluator.supernet.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            self._ask({"config": config.model_dump(mode="json"), "home": str(home)})
        except BaseException:
            self.close()
            raise

    def accuracy(self, cell: Sequence[str]) -> float:
        """Return the validation accuracy of a cell's path.

        Raises:
            SandboxError: The process is gone.
        """
        return float(self._ask(list(cell)))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, question: object) -> str | float:
        """Send a line, and return the answer to it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            _, words = self._process.communicate()
            last = " ".join(words.split())[-400:] or "it said nothing"
            code = self._process.returncode
            raise SandboxError(f"the supernet's process ended with exit code {code}: {last}")
        return json.loads(answer)
