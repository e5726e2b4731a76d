"""Adapters as files: a content hash that names them, and the check that a folder holds one.

This module does *not* load an adapter; importing it loads no torch.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def adapter_content_hash(adapter: Path) -> str:
    """Return a SHA-256 over the adapter's files, so that new weights under an old path are noticed.

    Raises:
        FileNotFoundError: The folder holds no adapter.
    """
    if not (adapter / "adapter_config.json").is_file():
        raise FileNotFoundError(f"no LoRA adapter in {adapter}: adapter_config.json is missing")
    digest = hashlib.sha256()
    for path in sorted(adapter.glob("adapter_*")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
