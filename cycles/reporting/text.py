"""Text that programs wrote on the page: cut where it is long, and as JSON.

Escaping is *not* done here: the template and `svg` do it for every string, and JSON has `json_for_html`.
"""

from __future__ import annotations

import json
from typing import Any

from corpus.records.text import visible

MAX_SOURCE_CHARACTERS = 40_000
"""Of a longer program the page shows this much, and says so."""


def shown(text: str, limit: int = MAX_SOURCE_CHARACTERS) -> str:
    """Return at most `limit` characters of `text`, made visible, with a note of what was cut."""
    cut = len(text) - limit
    return visible(text[:limit]) + (f"\n… {cut:,} more characters are not shown" if cut > 0 else "")


def json_for_html(value: Any) -> str:
    """Return JSON that may stand between script tags: ASCII, without `<`, `>` and `&`."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
