"""Why a vLLM server did not come up, from the last lines of its log: a sentence with the remedy.

This module does *not* start or stop anything.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path

_TAIL_LINES = 12
_TAIL_BYTES = 1 << 18
_SIGNALLED = 128
"""A shell's status of a command that died of a signal is this much above the signal's number."""

_PORT = r"[Aa]ddress already in use"
_CAUSES = (
    (_PORT, "port {port} is in use. Choose another: generator.server.port (0 takes any)"),
    (
        r"out of memory|OutOfMemory|MemoryError|[Cc]annot allocate memory"
        r"|[Nn]o available memory for the cache|KV cache is needed|less than desired GPU memory",
        "it ran out of memory. Make generator.engine.kv_cache_mib, max_model_len or max_num_seqs smaller, "
        "or take a smaller model",
    ),
    (
        r"RepositoryNotFound|LocalEntryNotFound|is not a local folder|not a valid model identifier"
        r"|does not appear to have a file|[Cc]an't load the (configuration|tokenizer)"
        r"|No such file.*config\.json|Invalid repository ID",
        "it found no model. Check generator.model: a folder with a config.json, or an id in the local cache",
    ),
    (
        r"(unrecognized arguments|invalid choice)",
        "this vLLM does not know an option. Install the pinned one: bash scripts/install_vllm",
    ),
)
_DEATHS: dict[int, str] = {
    signal.SIGKILL: "it was killed, by the system for want of memory or by somebody. See the system's log",
    signal.SIGILL: "it used an instruction that this processor or its kernel does not allow. Install the "
    "pinned build anew: bash scripts/install_vllm. If that does not help, use an endpoint: "
    "generator.server.url",
}
"""What a signal that ended it means."""


@dataclass(frozen=True)
class Explanation:
    """Why it failed.

    Attributes:
        message: For the user: the cause, the remedy and the last lines of the log.
        port_in_use: Whether another port might help.
    """

    message: str
    port_in_use: bool


def explain(
    log_file: Path, offset: int, exit_status: int | None, port: int, *, timed_out: bool
) -> Explanation:
    """Return the explanation of a server that wrote `log_file` from byte `offset` on.

    Args:
        log_file: The server's output.
        offset: Where this start of it begins.
        exit_status: Its exit status.
        port: The port that it was given.
        timed_out: Whether it was still running when our patience ended.
    """
    with log_file.open("rb") as log:
        size = log.seek(0, 2)
        log.seek(max(offset, size - _TAIL_BYTES))
        text = log.read().decode("utf-8", errors="replace")
    cause = next((words for pattern, words in _CAUSES if re.search(pattern, text)), None)
    if cause is None and exit_status is not None:
        cause = _DEATHS.get(-exit_status if exit_status < 0 else exit_status - _SIGNALLED)
    if cause is None and timed_out:
        cause = "it was not ready in time. If it only needs longer: generator.server.startup_timeout_seconds"
    cause = cause or f"it ended with status {exit_status}"
    lines = [line for line in text.splitlines() if line.strip()][-_TAIL_LINES:]
    message = f"vLLM did not start: {cause.format(port=port)}. Log: {log_file}. Its last lines:"
    return Explanation(
        "\n".join([message, *(f"  | {line[:200]}" for line in lines)]), bool(re.search(_PORT, text))
    )
