"""The licence that a text states: a source file at its head, a licence file in its title.

This module does *not* decide what a licence allows, and it reads no file itself.
"""

from __future__ import annotations

import re

from corpus.records.exchange import NO_LICENCE

LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md", "LICENCE.txt")
"""What a licence file is called."""

HEAD_CHARACTERS = 2_000
"""Characters of a source file in which its licence stands, if it states one."""

_SPDX_LINE = re.compile(r"^\s*#\s*SPDX-License-Identifier:\s*(\S.*?)\s*$", re.MULTILINE)
_NOTICES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Apache License,\s+(?:#\s*)?Version 2\.0"), "Apache-2.0"),
    (re.compile(r"Permission is hereby granted, free of charge"), "MIT"),
    (re.compile(r"\bMIT[ -]License\b|[Ll]icen[sc]ed under (?:the )?MIT\b"), "MIT"),
    (re.compile(r"\b[Ll]icen[sc]ed under\b|\bBSD-style\b|\bGeneral Public License\b"), NO_LICENCE),
)
"""Notices at a file's head, the first that fits holds. Of the last, a reader has to find out which it is:
that the whole collection has another licence does not answer it."""

_TITLES = (("MIT License", "MIT"), ("Apache License", "Apache-2.0"))


def licence_of_source(text: str) -> str | None:
    """Return the licence that a source file states at its head, None where it says nothing.

    It is `NOASSERTION` where the text says that there is one, and not which.
    """
    head = text[:HEAD_CHARACTERS]
    stated = _SPDX_LINE.search(head)
    if stated:
        return stated[1]
    return next((licence for notice, licence in _NOTICES if notice.search(head)), None)


def licence_by_title(text: str) -> str | None:
    """Return the SPDX id of a licence file that begins with a well-known title, else None."""
    first = text.strip()[:200]
    return next((spdx for title, spdx in _TITLES if first.startswith(title)), None)
