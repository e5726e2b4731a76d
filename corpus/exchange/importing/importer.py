"""Recognises a source, decides on every program in it, and appends what is left in one transaction.

A program's id is `import/<content address>`, so one text enters a ledger once, wherever it comes from. This
module does *not* look for near-duplicates: admission and splits do, each for its own purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from corpus.exchange.importing.exported import EarlierExport, looks_like_an_export
from corpus.exchange.importing.files import Folder
from corpus.exchange.importing.lemur import LemurCheckout, LemurDatabase
from corpus.exchange.importing.source import (
    Found,
    ImportReport,
    ImportSourceError,
    Rejection,
    RejectionReason,
    Source,
)
from corpus.ledger.reader import Ledger
from corpus.ledger.schema import APPLICATION_ID
from corpus.ledger.writer import LedgerWriter
from corpus.programs.contract import defines_network, syntax_breach
from corpus.programs.parsing import TooLong, parse
from corpus.records.base import content_id
from corpus.records.candidates import Candidate, Origin
from corpus.records.exchange import NO_LICENCE, ImportedEvaluation, ImportedProgram, Provenance
from corpus.records.mistakes import command_line

_SPDX = re.compile(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*")


def recognise(path: Path) -> Source:
    """Return the source at `path`: an earlier export, LEMUR's checkout or database, or a folder of programs.

    Raises:
        ImportSourceError: It is none of these, or damaged.
    """
    if path.is_file():
        return _recognise_file(path)
    if not path.is_dir():
        raise ImportSourceError(f"{path}: there is nothing. Check the path.")
    try:
        return LemurCheckout(path)
    except ValueError:
        pass
    if looks_like_an_export(path):
        return EarlierExport(path)
    folder = Folder(path)
    if not folder.steps():
        raise ImportSourceError(
            f"{path}: no export, no LEMUR checkout (folders nn and stat), and no .py files in it."
        )
    return folder


def import_programs(
    source: Source,
    ledger: Ledger | None,
    *,
    name: str | None = None,
    licence: str | None = None,
    dry_run: bool = False,
    on_step: Callable[[], None] = lambda: None,
) -> ImportReport:
    """Append all programs of `source` that can be used to `ledger`, in one transaction, and report.

    Args:
        source: What `recognise` returned.
        ledger: A ledger open for writing; with `dry_run` any, or None for one that does not exist yet.
        name: Name of the collection; the source's own by default.
        licence: SPDX expression for programs that state none themselves.
        dry_run: Whether to write nothing.
        on_step: Called after each item of the source.

    Raises:
        ValueError: `licence` or `name` is malformed, or there is no ledger to write to.
        LedgerError: The source is damaged, or the ledger refuses; nothing was imported.
    """
    name = source.name if name is None else name
    if licence is not None and not _SPDX.fullmatch(licence):
        raise ValueError(f"{licence!r} is not an SPDX expression such as MIT or Apache-2.0")
    if not name or not name.isprintable():
        raise ValueError(f"{name!r} cannot name a collection")
    writer = ledger if isinstance(ledger, LedgerWriter) else None
    if writer is None and not dry_run:
        raise ValueError("an import needs a ledger that is open for writing")
    intake = _Intake(ledger, name, licence or source.licence or NO_LICENCE)
    for item in source.read():
        if isinstance(item, Rejection):
            intake.rejections.append(item)
        elif item is not None:
            intake.take(item)
        on_step()
    if writer is not None and not dry_run:
        writer.add_imports(intake.programs)
    return ImportReport(
        source=name,
        kind=source.kind,
        dry_run=dry_run,
        programs=len(intake.programs),
        evaluations=sum(len(program.evaluations) for program in intake.programs),
        rejections=intake.rejections,
    )


class _Intake:
    """Collects what is to be appended, and what is left behind."""

    def __init__(self, ledger: Ledger | None, name: str, licence: str) -> None:
        candidates = [] if ledger is None else ledger.candidates()
        self._known = {content_id(row.source): row.id for row in candidates if row.source is not None}
        self._index = sum(row.origin is Origin.IMPORTED for row in candidates)
        self._name = name
        self._licence = licence
        self._now = datetime.now(UTC).isoformat(timespec="seconds")
        self.programs: list[ImportedProgram] = []
        self.rejections: list[Rejection] = []

    def take(self, found: Found) -> None:
        """Decide on one program."""
        rejection = self._rejection(found)
        if rejection is not None:
            self.rejections.append(rejection)
            for claim in found.evaluations:
                self._leave(claim, found, RejectionReason.UNKNOWN_NETWORK, rejection.reason.value)
            return
        address = content_id(found.text)
        self._known[address] = found.location
        candidate = self._candidate(f"import/{address}", found)
        provenance = Provenance(
            candidate_id=candidate.id,
            source=self._name,
            location=found.location,
            licence=found.licence or self._licence,
            imported_at=self._now,
        )
        evaluations = tuple(self._evaluations(candidate.id, found))
        self.programs.append(
            ImportedProgram(
                candidate=candidate, provenance=provenance, admitted=found.admitted, evaluations=evaluations
            )
        )

    def _rejection(self, found: Found) -> Rejection | None:
        address = content_id(found.text)
        if address in self._known:
            return _rejected(found, RejectionReason.DUPLICATE, f"the text of {self._known[address]}")
        try:
            tree = parse(found.text)
        except TooLong as error:
            return _rejected(found, RejectionReason.TOO_LARGE, str(error))
        except SyntaxError as error:
            return _rejected(found, RejectionReason.SYNTAX_ERROR, str(syntax_breach(error))[:200])
        if not defines_network(tree):
            return _rejected(found, RejectionReason.NOT_A_NETWORK, "it defines no Net")
        return None

    def _candidate(self, identifier: str, found: Found) -> Candidate:
        index = self._index + len(self.programs)
        if found.original is not None:
            return found.original.model_copy(update={"id": identifier, "index": index})
        return Candidate.imported(
            identifier, found.text, generator=found.generator or self._name, index=index
        )

    def _evaluations(self, candidate_id: str, found: Found) -> Iterator[ImportedEvaluation]:
        seen = set()
        for claim in found.evaluations:
            protocol = claim.evaluation.protocol_id
            if not protocol.startswith("imported:"):
                protocol = f"imported:{self._name}/{protocol}"
            if protocol in seen:
                self._leave(claim, found, RejectionReason.DUPLICATE_TRIAL, protocol)
                continue
            seen.add(protocol)
            completed = {"candidate_id": candidate_id, "protocol_id": protocol}
            yield claim.model_copy(update={"evaluation": claim.evaluation.model_copy(update=completed)})

    def _leave(self, claim: ImportedEvaluation, found: Found, reason: RejectionReason, detail: str) -> None:
        location = f"{found.location}: trial {claim.evaluation.protocol_id}"
        self.rejections.append(Rejection(location=location, reason=reason, detail=detail))


def _rejected(found: Found, reason: RejectionReason, detail: str) -> Rejection:
    return Rejection(location=found.location, reason=reason, detail=detail)


def _recognise_file(path: Path) -> Source:
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(b"SQLite format 3\x00"):
        raise ImportSourceError(f"{path}: not a LEMUR database. Name a directory, or a SQLite file of LEMUR.")
    if (
        int.from_bytes(header[68:72], "big") == APPLICATION_ID
    ):  # the file format's place of the application id
        export = command_line("archloop", "export", path, "DIR")
        raise ImportSourceError(f"{path}: a corpus of archloop. Export it first: {export}")
    try:
        return LemurDatabase(path)
    except ValueError as error:
        raise ImportSourceError(f"{error}. It is not LEMUR's.") from None
