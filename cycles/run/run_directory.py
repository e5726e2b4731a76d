"""The directory of one run, and what stands where in it.

    config.toml            the resolved configuration
    env.json               versions, platform, seeds: what is needed to run it again
    corpus.db              the ledger (see corpus.ledger.writer)
    metrics.jsonl          one line per finished cycle, computed from the ledger
    report.html            the whole run as one page
    logs/run.log           the log
    final/                 the network that was taken home (see cycles.final)
    cycles/003/adapter/    the LoRA adapter that wrote the candidates of cycle 3

This module names the places and refuses a directory that is in use; it does *not* read or write the ledger.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from corpus.files.reading import MAX_NOTES_BYTES, read_text
from corpus.files.whole import is_taken, write_whole
from corpus.records.mistakes import command_line
from cycles.config.run import RunConfig, load_config, save_config
from cycles.errors import UsageError

PACKAGES = (
    "archloop",
    "torch",
    "transformers",
    "trl",
    "peft",
    "accelerate",
    "datasets",
    "datasketch",
    "vllm",
)

_NVIDIA = Path("/proc/driver/nvidia/gpus")


class RunDirectory:
    """An existing run directory; see the module for its layout."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.toml"
        self.environment_file = path / "env.json"
        self.ledger_file = path / "corpus.db"
        self.metrics_file = path / "metrics.jsonl"
        self.log_file = path / "logs" / "run.log"

    @classmethod
    def create(cls, path: Path, config: RunConfig) -> RunDirectory:
        """Make the directory and write the configuration and the environment into it.

        Raises:
            UsageError: Something stands there already.
            OSError: It cannot be written to.
        """
        run = cls(path)
        run.refuse_if_taken()
        run.log_file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(run.environment_file, json.dumps(environment(), indent=2) + "\n")
        save_config(config, run.config_file)
        return run

    def refuse_if_taken(self) -> None:
        """Check that no run and nothing else stands here; an empty directory is free.

        Raises:
            UsageError: Something does.
        """
        if is_taken(self.path):
            resume = command_line("archloop", "resume", self.path)
            raise UsageError(
                f"{self.path} exists already. Go on with it: {resume}. Or choose another: --out DIR."
            )

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Return the run at `path`.

        Raises:
            UsageError: There is no run.
        """
        run = cls(path)
        if not run.config_file.is_file():
            remedy = command_line("archloop", "run", "--out", path)
            raise UsageError(
                f"{path} holds no run (there is no {run.config_file.name} in it). Start one: {remedy}"
            )
        return run

    def config(self) -> RunConfig:
        """Return the configuration that the run was started with."""
        return load_config(str(self.config_file.resolve()))

    def environment(self) -> dict[str, Any]:
        """Return what the run noted of its machine and versions; nothing where that cannot be read."""
        return read_environment(self.environment_file)

    def record_isolation(self, tier: str, description: str) -> None:
        """Note in the environment how programs are contained, as of the last start."""
        noted = self.environment()
        noted["isolation"] = {"tier": tier, "barriers": description}
        write_whole(self.environment_file, json.dumps(noted, indent=2) + "\n")

    def record_extension(self, changed: Mapping[str, tuple[Any, Any]]) -> None:
        """Note in the environment which settings were changed when the run went on: each before and after."""
        noted = self.environment()
        earlier = noted.get("extended")
        noted["extended"] = [*(earlier if isinstance(earlier, list) else []), changed]
        write_whole(self.environment_file, json.dumps(noted, indent=2) + "\n")

    def cycle(self, cycle: int) -> Path:
        """Return the directory of one cycle, which may not exist yet."""
        return self.path / "cycles" / f"{cycle:03d}"

    def adapter(self, cycle: int) -> Path:
        """Return the directory of the adapter that writes the candidates of `cycle`."""
        return self.cycle(cycle) / "adapter"


def read_environment(path: Path) -> dict[str, Any]:
    """Return the content of an `env.json`, which may be a stranger's; nothing where it cannot be read."""
    try:
        found = json.loads(read_text(path, MAX_NOTES_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def environment() -> dict[str, object]:
    """Return versions and platform: what somebody needs to know in order to repeat the run."""
    versions: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": _first_said(Path("/proc/cpuinfo"), "model name"),
        "cpu_count": os.cpu_count(),
        "accelerators": [_first_said(each, "Model") for each in sorted(_NVIDIA.glob("*/information"))],
        "packages": versions,
    }


def _first_said(file: Path, key: str) -> str:
    """Return what the first line `key: value` of a file of the kernel says, empty where there is none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in pairs if name.strip() == key), "")
