"""Where the generator's model is: the embedded one, a folder, or the local Hugging Face cache.

This module does *not* load a model, and never downloads one: 15 GB are the user's to decide on, with the
command that the error names.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from corpus.records.mistakes import Mistake
from generator.embedded import embedded_model_path

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


class ModelNotFoundError(Mistake):
    """The configured model is not on this machine; the message says what would be accepted."""


def resolve_model(name: str) -> str | Path:
    """Return what `from_pretrained` takes for the model called `name`: its folder, or its hub id.

    Args:
        name: `embedded`, a folder with a `config.json`, or a hub id `owner/name` in the local cache.

    Raises:
        ModelNotFoundError: It is nothing of the three, or incomplete; the message holds the remedy.
    """
    path = embedded_model_path() if name == "embedded" else Path(name)
    if (path / "config.json").is_file():
        if lacking := missing_file(path):
            raise ModelNotFoundError(
                f"generator.model = '{name}': {lacking} is missing. Copy or download the model again."
            )
        return path
    if not _HUB_ID.fullmatch(name) or path.exists():
        raise ModelNotFoundError(
            f"generator.model = '{name}': no model there. Give 'embedded', a folder that holds a "
            "config.json, or a hub id owner/name from the local cache."
        )
    snapshot = cached_snapshot(name)
    if snapshot is None:
        raise ModelNotFoundError(
            f"generator.model = '{name}': not in the local Hugging Face cache. "
            f"Download it: hf download {name}"
        )
    if lacking := missing_file(snapshot):
        raise ModelNotFoundError(
            f"generator.model = '{name}': its download is incomplete ({lacking} is missing). "
            f"Complete it: hf download {name}"
        )
    return name


def cached_snapshot(hub_id: str) -> Path | None:
    """Return the folder of a hub model in the local cache, None if it is not there."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(hub_id, "config.json")
    return Path(found).parent if isinstance(found, str) else None


def missing_file(folder: Path) -> str | None:
    """Return the first file that a model's folder needs and lacks, None where it is whole."""
    for weights in _WEIGHTS:
        index = folder / f"{weights}.index.json"
        if index.is_file():
            shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
            return next((shard for shard in shards if not (folder / shard).is_file()), None)
    return None if any((folder / weights).is_file() for weights in _WEIGHTS) else _WEIGHTS[0]
