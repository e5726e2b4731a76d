"""A finished adapter on disk: its result, and the atomic way it comes to be.

An adapter directory holds `adapter_model.safetensors` and `adapter_config.json`, as plain PEFT and vLLM read
them, and `training.json`, the `TrainingResult`. It appears under its name in one rename, so what bears the
name is complete.

This module does *not* import torch, and does not say which adapter it is (`corpus.records.adapters`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.records.adapters import CONFIG_FILE, adapter_hash
from corpus.records.trainings import TrainingResult
from finetune.config import FinetuneConfig, FinetuneError

RESULT_FILE = "training.json"


def finished_result(directory: Path) -> TrainingResult | None:
    """Return the result of the training that wrote `directory`, None if there is none.

    A run that stopped between the end of a training and its entry in the ledger finds the training here on
    resume.

    Raises:
        FinetuneError: If the weights are not those that the result names.
        AdapterError: If there are none.
    """
    path = directory / RESULT_FILE
    if not path.is_file():
        return None
    result = TrainingResult.model_validate_json(path.read_text(encoding="utf-8"))
    found = adapter_hash(directory)
    if found != result.adapter_hash:
        raise FinetuneError(
            f"{directory} was changed after training: hash {found}, not {result.adapter_hash}"
        )
    return result


def check_compatible(directory: Path, config: FinetuneConfig) -> None:
    """Check that training can go on from the adapter in `directory` under `config`.

    Raises:
        FinetuneError: If it is no adapter, or its rank, alpha, dropout or target modules differ.
    """
    path = directory / CONFIG_FILE
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FinetuneError(
            f"cannot continue from {directory}: no readable {CONFIG_FILE} ({error})"
        ) from error
    expected = {
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": config.dropout,
        "target_modules": sorted(config.target_modules),
    }
    for key, value in expected.items():
        found = saved.get(key)
        found = sorted(found) if isinstance(found, list) else found
        if found != value:
            raise FinetuneError(
                f"cannot continue from {directory}: its {key} is {found}, the configuration says {value}; "
                "set it to the adapter's, or finetune.start to 'base'"
            )


@contextmanager
def directory_in_the_making(target: Path) -> Iterator[Path]:
    """Yield an empty directory that becomes `target` if the block succeeds, and is removed if it does not.

    What a killed process left behind is removed first. Two processes must not make one target at the same
    time.

    Raises:
        FinetuneError: If `target` exists already and is not an empty directory.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise FinetuneError(f"{target} exists already: choose another output directory, or remove it")
    partial = partial_directory(target)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        for path in [*partial.iterdir(), partial]:
            _flush(path)
        partial.rename(target)
        _flush(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def partial_directory(target: Path) -> Path:
    """Return where `target` is being made until it is complete."""
    return target.with_name(f".{target.name}.partial")


def _flush(path: Path) -> None:
    """Force a file or directory to disk, so that a rename never outlives its contents in a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
