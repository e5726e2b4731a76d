"""The identity of a LoRA adapter: one hash, in the ledger, in `training.json` and in the names on servers.

This module does *not* write or load an adapter, and imports no torch: a hash is read from the file itself.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from corpus.records.mistakes import Mistake

WEIGHTS_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"


class AdapterError(Mistake):
    """A folder that should hold a LoRA adapter, as PEFT writes it, and does not."""


def adapter_hash(directory: Path) -> str:
    """Return the content hash of an adapter's weights: 16 hex digits, equal exactly when all tensors are.

    Names, types, shapes and bytes of the tensors count. Their order in the file and its metadata do not, nor
    do the settings beside them: rank and target modules show in the tensors, and alpha belongs to the run.
    The file format is https://huggingface.co/docs/safetensors: a header's length, the header as JSON, the
    tensors' bytes.

    Raises:
        AdapterError: The directory lacks the settings, or readable weights.
    """
    if not (directory / CONFIG_FILE).is_file():
        raise AdapterError(
            f"{directory} holds no LoRA adapter: {CONFIG_FILE} is missing. Name a folder that PEFT wrote."
        )
    path = directory / WEIGHTS_FILE
    try:
        content = path.read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:start])
        header.pop("__metadata__", None)
        digest = hashlib.sha256()
        for name in sorted(header):
            entry = header[name]
            first, last = entry["data_offsets"]
            if not 0 <= first <= last <= len(content) - start:
                raise ValueError(f"tensor {name} lies outside the file")
            digest.update(json.dumps([name, entry["dtype"], entry["shape"]]).encode())
            digest.update(content[start + first : start + last])
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise AdapterError(
            f"{path} holds no readable adapter weights ({error}). Copy the adapter again, or train it anew."
        ) from error
    return digest.hexdigest()[:16]
