"""Machines on whose GPUs `archloop doctor --gpu` has passed: a small file of the user's, one entry for each.

An entry holds for what it was made with: the GPUs, their driver, the kernel, torch, and the code of the jail.
If one of them changes the machine has to be seen again.

This module does *not* run anything on a GPU.
"""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path

from corpus.files.whole import write_whole
from cycles.errors import UsageError
from cycles.machine.devices import detected_gpus
from evaluator import isolation
from evaluator.config import EvaluatorConfig
from evaluator.tasks.places import cache_directory

_FILE = "gpu-proofs.json"
_MOST = 100


def require_proof(config: EvaluatorConfig) -> None:
    """Check that programs were seen to be contained on the GPUs of this machine, where they run on one.

    Args:
        config: Where they run, and whether its user asks for no proof.

    Raises:
        UsageError: They were not.
    """
    device = config.device
    if config.on_gpu and not config.gpu_unproven and _machine() not in _proofs():
        raise UsageError(
            f"evaluator.device is '{device}', and it was not seen yet whether programs are contained on "
            "a GPU of this machine: run archloop doctor --gpu, or for programs that you trust "
            "--set evaluator.gpu_unproven=true"
        )


def note_proof(device: str) -> Path:
    """Note that all programs of the doctor were contained on `device`, and return the file that says so.

    Raises:
        UsageError: There is no place for it.
        OSError: It cannot be written.
    """
    place = _place()
    if place is None:
        raise UsageError("this user has no cache directory: set XDG_CACHE_HOME")
    place.parent.mkdir(parents=True, exist_ok=True)
    entries = {**_proofs(), _machine(): device}
    write_whole(place, json.dumps(dict(list(entries.items())[-_MOST:]), indent=1))
    return place


def _proofs() -> dict[str, str]:
    place = _place()
    try:
        found = {} if place is None else json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _place() -> Path | None:
    cache = cache_directory()
    return None if cache is None else cache / _FILE


def _machine() -> str:
    """Return what a proof holds for, as a digest."""
    code = hashlib.sha256()
    for module in sorted(Path(isolation.__file__).parent.glob("*.py")):
        code.update(module.read_bytes())
    gpus = [(gpu.name, gpu.memory_bytes, gpu.driver) for gpu in detected_gpus()]
    facts = [gpus, platform.release(), platform.node(), metadata.version("torch"), code.hexdigest()]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
