"""Fills a library of modules: mines source code into a ledger, and probes what is not probed yet.

Both go on where they were interrupted: what is in the ledger is neither mined nor probed again. This module
does *not* run anything outside the sandbox, and imports no module that it mines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from corpus.ledger.errors import LedgerMissingError
from corpus.ledger.reader import Ledger
from corpus.ledger.writer import LedgerWriter
from corpus.mining.miner import Counts, Miner
from corpus.mining.origins import find_origin
from corpus.records.exchange import NO_LICENCE
from corpus.records.mistakes import command_line
from corpus.records.modules.mined import MinedModule
from corpus.records.search.probes import Probe
from cycles.modules.probing import probed
from generator.modules.library import mined_library
from generator.trees.specs import Library

LEDGER_FILE = "corpus.db"
"""The ledger in a run's directory."""

_AT_ONCE = 64
_SQLITE = b"SQLite format 3\x00"

Step = Callable[[str], None]
"""Is told the name of each module that is done."""


@dataclass
class Mined:
    """What a mining came to.

    Attributes:
        counts: What the miner went through.
        added: Modules that are new in the library.
        known: Modules that it had already, or their equals but for names and layout.
    """

    counts: Counts = field(default_factory=Counts)
    added: int = 0
    known: int = 0


def library_file(place: Path) -> Path:
    """Return the ledger that a path means: a run's, or the file itself."""
    return place / LEDGER_FILE if place.is_dir() else place


def opened_library(place: Path) -> Ledger:
    """Return the library at a path, open for reading.

    Raises:
        LedgerMissingError: There is none.
    """
    path = library_file(place)
    if not path.is_file():
        make = command_line("archloop", "modules", "mine", "torch.nn", "--library", path)
        raise LedgerMissingError(f"{path}: there is no library of modules here. Make one: {make}")
    return Ledger.open(path)


def library_to_fill(place: Path) -> LedgerWriter:
    """Return the library at a path, open for writing; it is made where nothing is there."""
    path = library_file(place)
    return LedgerWriter.open(path) if path.exists() else LedgerWriter.create(path)


def read_library(place: Path) -> Library:
    """Return the modules of the library at a path that can be used, as trees take them."""
    with opened_library(place) as ledger:
        return mined_library(ledger.modules(), ledger.module_probes())


def require_sources(names: Sequence[str]) -> None:
    """Raise where a name stands for nothing that can be mined.

    Raises:
        UnknownSourceError: One does.
    """
    for name in names:
        if not _is_ledger(library_file(Path(name))):
            find_origin(name)


def mine(library: LedgerWriter, names: Sequence[str], step: Step) -> Mined:
    """Add the modules of source code to a library, some at a time.

    Args:
        library: Where they are kept.
        names: Files, folders, installed packages; runs and ledgers stand for their admitted programs.
        step: Is told of each module.

    Raises:
        UnknownSourceError: A name stands for nothing.
    """
    miner, result = Miner(), Mined()
    known = {module.tokens_id: module.id for module in library.modules()}
    there = set(known.values())
    result.counts = miner.counts
    for name in names:
        waiting = _modules(miner, name)
        while some := list(islice(waiting, _AT_ONCE)):
            fresh: list[MinedModule] = []
            for module in some:
                step(module.name)
                if known.setdefault(module.tokens_id, module.id) in there:
                    result.known += 1
                else:
                    there.add(module.id)
                    fresh.append(module)
            library.add_modules(fresh)
            result.added += len(fresh)
    return result


def unprobed(library: Ledger) -> list[MinedModule]:
    """Return the modules of a library that nothing is known of yet."""
    done = {probe.module_id for probe in library.module_probes()}
    return [module for module in library.modules() if module.id not in done]


def probe_missing(
    library: LedgerWriter, probe: Callable[[Sequence[str]], Sequence[Probe]], step: Step
) -> int:
    """Probe the modules of a library that are not probed yet, and return how many that were.

    Args:
        library: Where modules are, and probes are kept: each module's in one transaction.
        probe: Probes programs: `SandboxedEvaluator.probe`.
        step: Is told of each module.
    """
    count = 0
    for module, found in probed(unprobed(library), probe):
        library.add_modules((), found)
        count += 1
        step(module.name)
    return count


def _modules(miner: Miner, name: str) -> Iterator[MinedModule]:
    if _is_ledger(library_file(Path(name))):
        yield from _of_programs(miner, Path(name))
    else:
        yield from miner.mine(name)


def _of_programs(miner: Miner, place: Path) -> Iterator[MinedModule]:
    """Yield the modules that the admitted programs of a ledger define."""
    path = library_file(place)
    origin = f"run {place.resolve().name}" if place.is_dir() else f"ledger {path.stem}"
    with Ledger.open(path) as ledger:
        programs, licences = [each for each, _ in ledger.admitted()], ledger.provenance()
    for program in programs:
        if program.source is not None:
            stated = licences.get(program.id)
            licence = NO_LICENCE if stated is None else stated.licence
            yield from miner.mine_text(program.source, origin=origin, location=program.id, licence=licence)


def _is_ledger(path: Path) -> bool:
    if not path.is_file() or path.suffix == ".py":
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE
