"""The embedded models: small code models, pre-trained from scratch on the grammar, shipped as package data.

embedded         writes whole programs; `generator/embedded/model/README.md` is its model card
embedded-editor  writes edits and repairs too, continued from the first; `generator/embedded/editor/README.md`

This module only says where they lie; it loads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

EMBEDDED: Mapping[str, str] = {"embedded": "model", "embedded-editor": "editor"}
"""The names of the embedded models, and their folders in this one."""


def embedded_model_path(name: str = "embedded") -> Path:
    """Return the folder of an embedded model, in the form that `from_pretrained` reads."""
    return Path(__file__).parent / EMBEDDED[name]
