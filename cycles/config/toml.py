"""TOML of anybody's making, parsed within bounds: what `tomllib` would not finish, or leave by a traceback.

This module does *not* know settings (`cycles.config.run` does).
"""

from __future__ import annotations

import tomllib
from typing import Any

MAX_CHARACTERS = 64_000
"""Longest document; all settings with their comments have 14,000."""

MAX_DOTS = 100
"""Most dots in a line: the parser takes the square of the parts of a dotted key, of which we have three."""


def parse_toml(text: str) -> dict[str, Any]:
    """Return the tables of a document.

    Raises:
        ValueError: It is no TOML, nested too deeply, or beyond the bounds.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"it has more than {MAX_CHARACTERS:,} characters")
    crowded = next((n for n, line in enumerate(text.split("\n"), 1) if line.count(".") > MAX_DOTS), None)
    if crowded is not None:
        raise ValueError(f"line {crowded} has more than {MAX_DOTS} dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
