"""Text that programs wrote, made fit to be shown: nothing invisible, nothing that turns the line around.

Escaping is *not* done here: the template and `svg` do it for every string, and JSON has `json_for_html`.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_SOURCE_CHARACTERS = 40_000
"""Of a longer program the page shows this much, and says so."""

# C0 and C1 controls but tab and newline, zero-width signs, and the controls of the bidirectional algorithm
# that let a line read otherwise than it runs ("Trojan Source", Boucher and Anderson 2021).
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Return `text` with every control character spelled out: `⟨U+202E⟩`."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


def shown(text: str, limit: int = MAX_SOURCE_CHARACTERS) -> str:
    """Return at most `limit` characters of `text`, made visible, with a note of what was cut."""
    cut = len(text) - limit
    return visible(text[:limit]) + (f"\n… {cut:,} more characters are not shown" if cut > 0 else "")


def json_for_html(value: Any) -> str:
    """Return JSON that may stand between script tags: ASCII, without `<`, `>` and `&`."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
