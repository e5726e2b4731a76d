"""Finds the programs that a command is about: in a run, a ledger file or a folder of `.py` files.

This module opens for reading only, and does *not* show anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from corpus.config import CorpusConfig
from corpus.exchange.program_folder import read_folder
from corpus.files.reading import MAX_PROGRAM_BYTES, read_text
from corpus.ledger.catalogue import Catalogue, resolve_id
from corpus.ledger.lineage import Lineage
from corpus.ledger.reader import Ledger
from corpus.novelty.scheme import stored_config
from corpus.novelty.similarity import Shingler
from corpus.novelty.threshold import threshold
from corpus.records.candidates import Origin
from corpus.records.mistakes import command_line
from cycles.errors import UsageError
from cycles.run.run_directory import RunDirectory


@contextmanager
def opened(source: Path) -> Iterator[tuple[Ledger | None, CorpusConfig]]:
    """Open the ledger at a path for reading, with its definition of similarity; a folder has no ledger."""
    path = source / "corpus.db" if source.is_dir() else source
    if source.is_dir() and not path.is_file():
        yield None, CorpusConfig()
        return
    with Ledger.open(path) as ledger:
        yield ledger, stored_config(ledger)


@contextmanager
def opened_ledger(store: Path) -> Iterator[tuple[Ledger, Catalogue]]:
    """Open the ledger at a path for reading, with the catalogue of its programs.

    Raises:
        UsageError: The path is a folder without a ledger.
    """
    with opened(store) as (ledger, _):
        if ledger is None:
            make = command_line("archloop", "import", store, "NEW.db")
            raise UsageError(f"{store} holds no ledger. Make one of it: {make}")
        yield ledger, Catalogue(ledger)


def rule_of(store: Path) -> CorpusConfig | None:
    """Return by which rule programs were admitted, None where the path is no run's directory."""
    directory = RunDirectory(store)
    return directory.config().corpus if directory.config_file.is_file() else None


def asked_for(found: Lineage, rule: CorpusConfig, ledger: Ledger) -> float | None:
    """Return the score that a program of a run had to reach, None where it was decided by another rule."""
    if found.candidate.origin is not Origin.SAMPLED:
        return None
    return threshold(rule, found.evaluations[0].metric, ledger.valid_scores(found.candidate.id))


def programs_at(source: Path, ledger: Ledger | None, *, admitted: bool = False) -> dict[str, str]:
    """Return the programs of an opened path by id, in their order; of a ledger on request the admitted."""
    if ledger is None:
        return read_folder(source)
    if not admitted:
        return ledger.texts()
    return {row.id: row.source for row, _ in ledger.admitted() if row.source is not None}


def shingler_for(config: CorpusConfig, mask_numbers: bool | None) -> Shingler:
    """Return the shingler of a corpus, with another granularity where one is asked for."""
    masked = config.mask_numbers if mask_numbers is None else mask_numbers
    return Shingler(config.shingle_size, mask_numbers=masked)


def text_in(given: str, catalogue: Catalogue) -> str:
    """Return the text of a file, or of the program of a catalogue of that id or unique beginning of one.

    Raises:
        UnknownProgramError: There is none, or more than one.
        UnfitFile: The file is larger than any program.
    """
    if Path(given).is_file():
        return read_text(Path(given), MAX_PROGRAM_BYTES, errors="replace")
    return catalogue.resolve(given).candidate.source or ""


def named_text(given: str, programs: Mapping[str, str]) -> tuple[str, str]:
    """Return name and text of a program that is given by a file, an id or the unique beginning of one.

    Raises:
        UnknownProgramError: There is none, or more than one.
        UnfitFile: The file is larger than any program.
    """
    if Path(given).is_file():
        return given, read_text(Path(given), MAX_PROGRAM_BYTES, errors="replace")
    identifier = resolve_id(given, programs)
    return identifier, programs[identifier]
