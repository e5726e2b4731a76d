"""A finished adapter on disk: its result, and whether a training can go on from it.

An adapter directory holds `adapter_model.safetensors` and `adapter_config.json`, as plain PEFT and vLLM read
them, and `training.json`, the `TrainingResult`. It appears whole or not at all (`corpus.files.whole`).

This module does *not* import torch, and does not say which adapter it is (`corpus.records.adapters`).
"""

from __future__ import annotations

import json
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
