"""The embedded model: a small code model, pre-trained from scratch on the grammar, shipped as package data.

This module only says where it lies; it loads nothing. `generator/embedded/model/README.md` is its model card.
"""

from __future__ import annotations

from pathlib import Path


def embedded_model_path() -> Path:
    """Return the folder of the embedded model, in the form that `from_pretrained` reads."""
    return Path(__file__).parent / "model"
