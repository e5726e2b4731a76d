"""Which vLLM an interpreter has, asked of the interpreter itself: it need not be the one that runs archloop.

This module does *not* import vLLM here, and installs nothing: scripts/install_vllm does.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from generator.samplers.contract import UpstreamError

_TIMEOUT_SECONDS = 60
_QUESTION = "from importlib import metadata; print(metadata.version('vllm'))"


def installed_vllm(python: Path) -> str:
    """Return the version of vLLM that `python` would import.

    Raises:
        UpstreamError: The interpreter cannot be run, or has none; the message says how to install it.
    """
    try:
        answer = subprocess.run(
            [python, "-I", "-c", _QUESTION],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpstreamError(
            f"generator.server.python = '{python}' cannot be run ({error}). Name a Python interpreter."
        ) from None
    if answer.returncode:
        raise UpstreamError(
            f"{python} has no vLLM. Install it: bash scripts/install_vllm. Or in an environment of its own: "
            "bash scripts/install_vllm --venv DIR, and set generator.server.python = DIR/bin/python."
        )
    return answer.stdout.strip()
