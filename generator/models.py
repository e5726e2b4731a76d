"""Where the generator's model is: the embedded one, a folder, or the local Hugging Face cache.

This module does *not* load a model, and never downloads one.
"""

from __future__ import annotations

import re
from pathlib import Path

from generator.embedded import embedded_model_path

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


class ModelNotFoundError(ValueError):
    """The configured model is not on this machine; the message says what would be accepted."""


def resolve_model(name: str) -> str | Path:
    """Return what `from_pretrained` takes for the model called `name`.

    Args:
        name: `embedded`, a folder with a `config.json`, or a hub id `owner/name`.

    Raises:
        ModelNotFoundError: It is a folder that holds no model, or nothing of the three.
    """
    path = embedded_model_path() if name == "embedded" else Path(name)
    if (path / "config.json").is_file():
        return path
    if _HUB_ID.fullmatch(name) and not path.exists():
        return name
    raise ModelNotFoundError(
        f"generator.model = '{name}': no model there. Give 'embedded', a folder that holds a config.json, "
        "or a hub id owner/name from the local cache."
    )
