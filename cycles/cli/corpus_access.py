"""Finds the programs that a command is about: in a run, a corpus file or a folder of `.py` files.

This module opens for reading only, and does *not* show anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from corpus.config import CorpusConfig
from corpus.exchange.program_folder import read_folder
from corpus.ledger.catalogue import Catalogue
from corpus.ledger.writer import Corpus
from corpus.novelty.scheme import stored_config
from corpus.novelty.similarity import Shingler
from cycles.errors import UsageError


@contextmanager
def opened(source: Path) -> Iterator[tuple[Corpus | None, CorpusConfig]]:
    """Open the ledger at a path for reading, with its definition of similarity; a folder has no ledger."""
    path = source / "corpus.db" if source.is_dir() else source
    if source.is_dir() and not path.is_file():
        yield None, CorpusConfig()
        return
    with Corpus.open(path, read_only=True) as corpus:
        yield corpus, stored_config(corpus)


@contextmanager
def opened_ledger(store: Path) -> Iterator[tuple[Corpus, Catalogue]]:
    """Open the ledger at a path for reading, with the catalogue of its programs.

    Raises:
        UsageError: The path is a folder without a ledger.
    """
    with opened(store) as (corpus, _):
        if corpus is None:
            raise UsageError(f"{store} holds no ledger. Make one of it: archloop import {store} NEW.db")
        yield corpus, Catalogue.from_ledger(corpus)


def programs_at(source: Path, corpus: Corpus | None, *, admitted: bool = False) -> dict[str, str]:
    """Return the programs of an opened path by id, in their order; of a ledger on request the admitted."""
    if corpus is None:
        return read_folder(source)
    rows = [row for row, _ in corpus.admitted()] if admitted else corpus.candidates()
    return {row.id: row.source for row in rows if row.source is not None}


def shingler_for(config: CorpusConfig, mask_numbers: bool | None) -> Shingler:
    """Return the shingler of a corpus, with another granularity where one is asked for."""
    masked = config.mask_numbers if mask_numbers is None else mask_numbers
    return Shingler(config.shingle_size, mask_numbers=masked)


def named_text(given: str, programs: Mapping[str, str]) -> tuple[str, str]:
    """Return name and text of a program that is given by a file, an id or the unique beginning of one.

    Raises:
        UsageError: There is none, or more than one.
    """
    if Path(given).is_file():
        return given, Path(given).read_text(encoding="utf-8", errors="replace")
    if given in programs:
        return given, programs[given]
    found = [name for name in programs if name.startswith(given)]
    if len(found) > 1:
        raise UsageError(f"'{given}' begins {len(found)} ids: {found[0]}, {found[1]}, ... Give more of it.")
    if not found:
        close = get_close_matches(given, programs, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else f" It holds {len(programs)} programs."
        raise UsageError(f"'{given}' is neither a file nor a program here.{hint}")
    return found[0], programs[found[0]]
