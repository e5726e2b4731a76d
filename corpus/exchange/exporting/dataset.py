"""Exports a ledger as one data set: all configurations, the card and the Croissant metadata.

The directory appears whole or not at all. This module does *not* push anything anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from corpus.exchange.exporting.card import Counts, ExportNotes, LedgerFacts, write_card
from corpus.exchange.exporting.column_types import Row
from corpus.exchange.exporting.columns import CONFIGS
from corpus.exchange.exporting.croissant import write_croissant
from corpus.exchange.exporting.destination import new_directory
from corpus.exchange.exporting.idea_columns import idea_rows, licence_of
from corpus.exchange.exporting.module_columns import module_rows, probe_rows
from corpus.exchange.exporting.preferences import preferences, unpaired_preferences
from corpus.exchange.exporting.tables import Tables, sampling_settings
from corpus.exchange.exporting.writing import write_jsonl, write_parquet
from corpus.exchange.pairs import DEFAULT_MARGIN
from corpus.exchange.splits import frozen_splits
from corpus.ledger.reader import Ledger
from corpus.ledger.schema import SCHEMA_VERSION
from corpus.records.evaluations import metric_in
from corpus.records.machines import Machine


class TableFormat(StrEnum):
    """The file format of the tables."""

    PARQUET = "parquet"
    JSONL = "jsonl"


def export_dataset(
    ledger: Ledger,
    directory: Path,
    table_format: TableFormat,
    notes: ExportNotes | None = None,
    judged: Callable[[str], str] = str,
    *,
    margin: float = DEFAULT_MARGIN,
    replace: bool = False,
    on_config: Callable[[str], None] = lambda _config: None,
) -> Counts:
    """Write the ledger into `directory` and return the number of rows by configuration and split.

    Splits that were not frozen yet are frozen in the ledger, even if writing the files fails afterwards.

    Args:
        ledger: The ledger; one that is open for reading only is exported with splits that it does not keep.
        directory: A new or empty directory, or with `replace` an earlier export.
        table_format: Parquet (a file for each split) or JSON lines (a file with a column `split`).
        notes: What the export says of itself.
        judged: Returns the text that was judged of a program as the ledger holds it.
        margin: Difference in score, in [0, 1], from which one answer counts as better.
        replace: Whether to replace an earlier export.
        on_config: Called with the name of each configuration before it is written.

    Raises:
        LedgerError: The directory is in use, or the splits cannot be frozen.
        OSError: The directory cannot be written.
    """
    notes = notes or ExportNotes()
    write = write_parquet if table_format is TableFormat.PARQUET else write_jsonl
    with new_directory(directory, replace=replace) as partial:
        tables = Tables(ledger, frozen_splits(ledger), notes.licence, judged)
        counts = {}
        for config, rows in _rows(ledger, tables, margin).items():
            on_config(config)
            counts[config] = dict(write(partial, config, CONFIGS[config], rows))
        facts = _facts(ledger, tables)
        write_card(partial, notes, facts, counts)
        write_croissant(partial, notes, facts, counts, datetime.now(UTC).date().isoformat())
    return counts


def _rows(ledger: Ledger, tables: Tables, margin: float) -> dict[str, Iterable[Row]]:
    evaluations = ledger.evaluations()
    modules = ledger.modules()
    found: dict[str, Iterable[Row]] = {
        "programs": tables.programs(),
        "prompts": tables.asked(),
        "evaluations": tables.evaluations(),
        "sft": tables.sft(),
        "preferences": preferences(tables, evaluations, margin),
        "unpaired_preferences": unpaired_preferences(tables, evaluations),
    }
    if modules:
        splits = tables.program_splits()
        found["modules"] = module_rows(modules, splits)
        found["module_probes"] = probe_rows(ledger, modules, splits)
    if ideas := ledger.ideas():
        found["ideas"] = idea_rows(ideas)
    return found


def _facts(ledger: Ledger, tables: Tables) -> LedgerFacts:
    provenance = ledger.provenance()
    candidates = list(tables.candidates.values())
    own = {tables.licence} if len(provenance) < len(tables.candidates) else set()
    imported = {origin.licence for origin in provenance.values()}
    judges = ledger.judges()
    others = {module.licence for module in ledger.modules()} | set(map(licence_of, ledger.ideas()))
    noted = {row.machine_id for row in candidates} | {machine for _, machine in judges}
    machines = {identifier for identifier in noted if identifier is not None}
    return LedgerFacts(
        generators=tuple(sorted({candidate.generator for candidate in candidates})),
        sampling=tuple(sampling_settings(candidates)),
        protocols=tuple(sorted({protocol for protocol, _ in judges})),
        metrics=tuple(sorted({metric_in(protocol) for protocol, _ in judges})),
        licences=tuple(sorted(own | imported | others)),
        imported_from=tuple(sorted({origin.source for origin in provenance.values()})),
        similarity=ledger.get_meta("similarity") or "not recorded",
        machines={identifier: _words(ledger.machine(identifier)) for identifier in sorted(machines)},
        schema_version=SCHEMA_VERSION,
        cycles=len(ledger.completed_cycles()),
    )


def _words(machine: Machine) -> str:
    count = "?" if machine.cpu_count is None else machine.cpu_count
    devices = ", ".join(machine.accelerators) or "no accelerator"
    processor = machine.processor or machine.machine
    return f"{processor}, {count} CPUs, {devices}, {machine.platform}, Python {machine.python}"
