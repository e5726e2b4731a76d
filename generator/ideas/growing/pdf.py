"""The text of a PDF's pages, read by pypdf in a process of its own, which ends where it takes too much.

A PDF is a small program for a large machine: references without end, pages within pages, streams that unpack
to a thousand times their size. So it is read where time and memory are limited, and what was read until then
counts. This module does *not* look at pictures: the text of a scan is not found.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from corpus.files.reading import read_bytes
from corpus.records.mistakes import Mistake, command_line
from generator.ideas.growing.pdf_child import CPU_SECONDS

MAX_BYTES = 40_000_000
"""Largest PDF; our choice: papers have a few megabytes, with many pictures tens of them."""

_WALL_SECONDS = 4 * CPU_SECONDS


class UnreadableDocument(Mistake):
    """A file that no text can be had of; the message says why, and the remedy."""


@dataclass(frozen=True)
class Pages:
    """The text of a PDF.

    Attributes:
        texts: Of each page, in order.
        whole: Whether all of it was read.
    """

    texts: tuple[str, ...]
    whole: bool


def read_pages(path: Path) -> Pages:
    """Return the text of a PDF.

    Raises:
        UnreadableDocument: It is encrypted or damaged, holds no text, or the library is not installed.
        UnfitFile: It is too large, or not a regular file.
        OSError: It cannot be read.
    """
    content = read_bytes(path, MAX_BYTES)
    if importlib.util.find_spec("pypdf") is None:
        raise UnreadableDocument(
            f"{path}: PDFs are read by pypdf, which is not installed: pip install -e '.[papers]'"
        )
    texts: list[str] = []
    fault: str | None = "cut"
    for line in _child(content).splitlines():
        row = json.loads(line)
        if "page" in row:
            texts.append(row["page"].encode("utf-8", "replace").decode())
        else:
            fault = row.get("fault")
    if fault == "encrypted":
        remedy = command_line("qpdf", "--decrypt", path, "COPY.pdf")
        raise UnreadableDocument(f"{path}: encrypted. Save a copy without a password: {remedy}")
    if fault is not None and fault.startswith("damaged"):
        raise UnreadableDocument(f"{path}: {fault}. Save it anew, or give its text as a .txt file.")
    if not any(text.strip() for text in texts):
        why = (
            "takes too much time or memory to read" if fault == "cut" else "its pages hold no text (a scan?)"
        )
        raise UnreadableDocument(f"{path}: {why}. Give its text as a .txt file.")
    return Pages(tuple(texts), whole=fault is None)


def _child(content: bytes) -> str:
    """Return the whole lines that the reading process printed before its end."""
    command = [sys.executable, "-I", "-m", "generator.ideas.growing.pdf_child"]
    try:
        done = subprocess.run(
            command,
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_WALL_SECONDS,
            check=False,
        )
        printed = done.stdout
    except subprocess.TimeoutExpired as error:
        printed = error.stdout or b""
    return printed[: printed.rfind(b"\n") + 1].decode("ascii", "replace")
