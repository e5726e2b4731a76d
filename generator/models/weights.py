"""The content hash of a base model's weights: a name says who wrote a program, the hash says it for ever.

This module does *not* load a model; it reads files. A model behind a server has none here.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

_WEIGHTS = ("*.safetensors", "*.bin")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def weights_hash(model: str | Path) -> str | None:
    """Return a hash of all weight files of a model, 16 hex digits, or None if they are not here.

    Args:
        model: A folder, or a hub id, which is looked up in the local Hugging Face cache.
    """
    folder = model if isinstance(model, Path) else _cached(model)
    files = [] if folder is None else next(filter(None, (sorted(folder.glob(each)) for each in _WEIGHTS)), [])
    if not files:
        return None
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {_file_hash(file)}\n".encode())
    return digest.hexdigest()[:16]


def _cached(hub_id: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(hub_id, local_files_only=True))
    except LocalEntryNotFoundError:
        return None


def _file_hash(file: Path) -> str:
    name = file.resolve().name
    if _SHA256.fullmatch(name):  # in the Hugging Face cache, large files bear their SHA-256 as their name
        return name
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
