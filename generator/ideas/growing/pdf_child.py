"""What the process does that reads a PDF: the file comes in, a line for each page goes out.

    {"page": "the text of the first page"}
    {"fault": "encrypted"}
    {"end": false}

A page that cannot be read is empty. The last line says whether all pages were read; where it is missing, the
process was ended. It has its own limits on time and memory, because a small file may ask for much of both.
This module does *not* import anything of ours.
"""

from __future__ import annotations

import io
import json
import logging
import resource
import sys

MOST_PAGES = 400
"""Pages of a document that are read; our choice: a long thesis."""

MAX_CHARACTERS = 1_000_000
"""Characters of a document that are read; our choice: three long novels."""

CPU_SECONDS = 60
"""Processor time for one document."""

MEMORY_BYTES = 2 << 30
"""Memory of the process."""


def main() -> None:
    """Read a PDF from standard input."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    logging.disable(logging.CRITICAL)
    fault = _pages(sys.stdin.buffer.read())
    _say({"end": True} if fault is None else {"fault": fault})


def _pages(content: bytes) -> str | None:
    """Print the pages; return why there are none."""
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            return "encrypted"
        count = len(reader.pages)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file makes of the reader
        return f"damaged ({type(error).__name__}: {error})"[:300]
    room, unread = MAX_CHARACTERS, 0
    for index in range(min(count, MOST_PAGES)):
        try:
            text = reader.pages[index].extract_text()[: max(room, 0)]
        except Exception:  # noqa: BLE001 - likewise, of one page
            text, unread = "", unread + 1
        room -= len(text)
        _say({"page": text})
    if unread == min(count, MOST_PAGES):
        return "damaged (none of its pages can be read)" if count else "damaged (it has no pages)"
    if count > MOST_PAGES or room <= 0:
        return "long"
    return None


def _say(row: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
