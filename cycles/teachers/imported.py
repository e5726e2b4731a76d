"""Programs of others as teachers: imported, with what their sources claim of them.

A claim is never compared with what this run measured, nor with a claim under another protocol: who is best is
asked within one claimed protocol alone (collection, task, data set, metric, epochs and settings). This module
does *not* judge a program, and chooses none that no import has let into the ledger.
"""

from __future__ import annotations

from corpus.ledger.reader import Ledger
from corpus.programs.families import block_families
from corpus.records.candidates import Candidate, Origin
from cycles.config.teaching import Imported, TeachingConfig

_CLAIM = "imported:"


def imported_teachers(ledger: Ledger, teaching: TeachingConfig) -> list[Candidate]:
    """Return the imported programs that teach under `teaching`, in the order of the ledger."""
    if teaching.imported is Imported.NONE:
        return []
    programs = [row for row in ledger.candidates(origin=Origin.IMPORTED) if row.source is not None]
    if teaching.imported is Imported.ALL and not teaching.imported_protocol:
        return programs
    families = {row.id: block_families(row.source or "") for row in programs}
    best: dict[tuple[object, ...], tuple[float, str]] = {}
    for claim in ledger.evaluations():
        protocol, name = claim.protocol_id, claim.candidate_id
        if name not in families or not protocol.startswith(_CLAIM) or claim.accuracy is None:
            continue
        if not protocol.removeprefix(_CLAIM).startswith(teaching.imported_protocol):
            continue
        place = (name,) if teaching.imported is Imported.ALL else (protocol, families[name])
        if place not in best or claim.accuracy > best[place][0]:
            best[place] = claim.accuracy, name
    chosen = {name for _, name in best.values()}
    return [row for row in programs if row.id in chosen]
