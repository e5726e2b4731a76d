"""The documents of a folder: text, Markdown and PDF, cut into sections, with the licence that each states.

A section is what lies below a heading (Markdown), a page (PDF), or all of a text. Links are followed only
where they stay in the folder, so that nothing beside it is shown to a model, which may be somebody else's.
A document that cannot be read is passed over, and the reason kept. This module does *not* choose passages.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from corpus.files.licences import HEAD_CHARACTERS, LICENCE_FILES, licence_by_title
from corpus.files.reading import MAX_NOTES_BYTES, UnfitFile, read_text
from corpus.records.exchange import NO_LICENCE
from corpus.records.mistakes import Mistake
from corpus.records.text import one_line
from generator.ideas.growing.pdf import UnreadableDocument, read_pages
from generator.ideas.growing.pdf_child import MAX_CHARACTERS

MAX_BYTES = 4_000_000
"""Largest text; of it `MAX_CHARACTERS` are read."""

MOST_DOCUMENTS = 2_000
"""Documents of one folder; our choice."""

MOST_CHARACTERS = 20_000_000
"""Characters of all documents together; our choice: they are held in memory."""

_MOST_ENTRIES = 200_000
_MOST_SECTIONS = 2_000
_MARKDOWN, _TEXT, _PDF = {".md", ".markdown"}, {".txt", ".text"}, {".pdf"}
_SUFFIXES = _MARKDOWN | _TEXT | _PDF
_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9][A-Za-z0-9.+() -]{0,78}[A-Za-z0-9.+)])")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S.*)$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_HYPHEN = re.compile(r"(?<=[a-z])-\n(?=[a-z])")


class DocumentError(Mistake):
    """There is nothing to read."""


@dataclass(frozen=True)
class Section:
    """A part of a document.

    Attributes:
        title: Its heading, or `page 3`; empty for the text itself.
        text: What stands there.
    """

    title: str
    text: str


@dataclass(frozen=True)
class Document:
    """One document.

    Attributes:
        name: Its path within the folder.
        digest: Content address of what was read of it.
        licence: SPDX expression, `NOASSERTION` where nobody states one.
        sections: What was read of it.
        whole: Whether that is all of it.
    """

    name: str
    digest: str
    licence: str
    sections: tuple[Section, ...]
    whole: bool = True


@dataclass(frozen=True)
class Reading:
    """What there was to read.

    Attributes:
        documents: In the order of their names.
        passed_over: Why others were not read, each one line with the remedy.
    """

    documents: tuple[Document, ...]
    passed_over: tuple[str, ...]


def read_documents(place: Path, licence: str = NO_LICENCE) -> Reading:
    """Return the documents of a folder, or the one that a path names.

    Args:
        place: The folder, or a file.
        licence: Of those that state none.

    Raises:
        DocumentError: There is no such folder, or nothing in it can be read.
    """
    if not place.exists():
        raise DocumentError(f"{place}: no such folder. Name one that holds papers as .pdf, .md or .txt.")
    documents: list[Document] = []
    passed_over: list[str] = []
    room = MOST_CHARACTERS
    for path in _files(place):
        if room < 0:
            passed_over.append(f"{path}: all before it hold too much text. Name a folder with fewer.")
            continue
        try:
            documents.append(read_document(path, path.name if place.is_file() else _name(path, place), place))
        except (UnreadableDocument, UnfitFile) as error:
            passed_over.append(str(error))
        except OSError as error:
            passed_over.append(f"{path}: {error.strerror or error}. Check the file.")
        else:
            room -= sum(len(each.text) for each in documents[-1].sections)
    if not documents:
        kinds = "no document is there: archloop reads .pdf, .md and .txt files."
        raise DocumentError(
            passed_over[0] if len(passed_over) == 1 else f"{place}: {_none(passed_over, kinds)}"
        )
    named = [each if each.licence != NO_LICENCE else _licensed(each, licence) for each in documents]
    return Reading(tuple(named), tuple(passed_over))


def read_document(path: Path, name: str, top: Path) -> Document:
    """Return a document.

    Args:
        path: The file; its ending says what it is.
        name: What it is called from now on.
        top: The folder beyond which no licence file is looked for.

    Raises:
        UnreadableDocument: No text can be had of it.
        UnfitFile: It is too large, or not a regular file.
        OSError: It cannot be read.
    """
    suffix, whole = path.suffix.lower(), True
    if suffix in _PDF:
        pages = read_pages(path)
        texts = [_HYPHEN.sub("", text) for text in pages.texts]
        sections = [Section(f"page {number}", text) for number, text in enumerate(texts, start=1)]
        whole = pages.whole
    else:
        text = _text(path)
        whole = len(text) <= MAX_CHARACTERS
        text = text[:MAX_CHARACTERS]
        sections = list(_below_headings(text)) if suffix in _MARKDOWN else [Section("", text)]
    sections = [each for each in sections if each.text.strip()]
    if not sections:
        raise UnreadableDocument(f"{path}: it holds no text. Remove it, or put the text there.")
    whole, sections = whole and len(sections) <= _MOST_SECTIONS, sections[:_MOST_SECTIONS]
    content = "\0".join(f"{each.title}\0{each.text}" for each in sections)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    stated = _spdx(sections[0].text) or _licence_beside(path, top)
    return Document(name, digest, stated or NO_LICENCE, tuple(sections), whole)


def _files(place: Path) -> Iterator[Path]:
    """Yield the documents of a folder, sorted folder by folder; hidden ones and links out are passed over."""
    if not place.is_dir():
        yield place
        return
    yield from islice(_walked(place), MOST_DOCUMENTS)


def _walked(top: Path) -> Iterator[Path]:
    home, looked_at = top.resolve(), 0
    for folder, directories, files in os.walk(top):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        looked_at += len(directories) + len(files)
        if looked_at > _MOST_ENTRIES:
            return
        for name in sorted(files):
            path = Path(folder, name)
            named = path.suffix.lower() in _SUFFIXES and not name.startswith(".")
            if named and name not in LICENCE_FILES and _stays_in(path, home):
                yield path


def _stays_in(path: Path, home: Path) -> bool:
    try:
        return not path.is_symlink() or path.resolve(strict=True).is_relative_to(home)
    except (OSError, RuntimeError):  # a link to nowhere, or to itself
        return False


def _name(path: Path, top: Path) -> str:
    within = path.relative_to(top).as_posix().encode("utf-8", "backslashreplace").decode()
    return one_line(within)[-300:]


def _text(path: Path) -> str:
    try:
        text = read_text(path, MAX_BYTES)
    except UnicodeDecodeError:
        raise UnreadableDocument(f"{path}: not UTF-8 text. Save it as UTF-8.") from None
    if "\0" in text:
        raise UnreadableDocument(f"{path}: no text (it holds zero bytes). Give its text as a .txt file.")
    return text


def _below_headings(text: str) -> Iterator[Section]:
    """Yield what lies below each heading of a Markdown text, without blocks of code."""
    title, lines, fence = "", list[str](), ""
    for line in text.split("\n"):
        marks = _FENCE.match(line)
        if marks and fence in ("", marks[1]):
            fence = "" if fence else marks[1]
        elif not fence and (heading := _HEADING.match(line)):
            yield Section(title, "\n".join(lines))
            title, lines = one_line(heading[1].strip("# \t"))[:200], []
        elif not fence:
            lines.append(line)
    yield Section(title, "\n".join(lines))


def _spdx(text: str) -> str | None:
    stated = _SPDX.search(text[:HEAD_CHARACTERS])
    return stated[1].strip() if stated else None


def _licence_beside(path: Path, top: Path) -> str | None:
    """Return the licence in `NAME.license` (REUSE), else in a licence file of its folder or one above."""
    own = _noted(path.with_name(f"{path.name}.license"))
    if own is not None:
        return _spdx(own)
    for folder in path.parents:
        for name in LICENCE_FILES:
            text = _noted(folder / name)
            if text is not None:
                return _spdx(text) or licence_by_title(text)
        if folder == top or not folder.is_relative_to(top):
            return None
    return None


def _noted(path: Path) -> str | None:
    try:
        return read_text(path, MAX_NOTES_BYTES, errors="replace") if path.is_file() else None
    except OSError:
        return None


def _licensed(document: Document, licence: str) -> Document:
    return Document(document.name, document.digest, licence, document.sections, document.whole)


def _none(passed_over: list[str], kinds: str) -> str:
    if not passed_over:
        return kinds
    return f"none of its {len(passed_over)} documents can be read. The first: {passed_over[0]}"
