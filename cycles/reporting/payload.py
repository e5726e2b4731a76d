"""The candidates as data for the page's own table and for the page of each candidate.

The table is JSON by columns, a hundred bytes a candidate. Sources, errors, losses and drawings are compressed
in blocks of 192 kB that the page unpacks only when a candidate is opened. Both are filled in the order of
interest until they are full: the gallery and its ancestors, the admitted, the valid, then the rest; what does
not fit says so on the page, and stands in the ledger as always.

This module does *not* make markup, but for the drawings that `drawing` made.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.records.admissions import Admission
from corpus.records.candidates import Candidate
from corpus.records.evaluations import Evaluation
from corpus.records.search.hyperparameters import in_words
from corpus.records.text import visible
from cycles.figures.measure import validation_words
from cycles.figures.runs import RunData
from cycles.reporting.drawing import draw
from cycles.reporting.text import json_for_html, shown

DETAIL_BYTES = 2_800_000
"""Room in the page for compressed details, in bytes."""

TABLE_ROWS = 10_000
"""The most candidates in the table."""

_BLOCK_CHARACTERS = 192_000
_ERROR_CHARACTERS = 80
_NO_ROW = -1


@dataclass(frozen=True)
class Payload:
    """What the page's script reads.

    Attributes:
        table: JSON of all candidates by columns.
        blocks: Base64 of gzipped JSON: details of candidates by row number.
        candidates: Rows of the table.
        unlisted: Candidates that found no room in it.
        left_out: Candidates of the table whose details found no room.
    """

    table: str
    blocks: list[str]
    candidates: int
    unlisted: int
    left_out: int


@dataclass(frozen=True)
class _Entry:
    """One row to be: a candidate with what is known of it."""

    run: int
    candidate: Candidate
    evaluation: Evaluation | None
    admission: Admission | None


def payload(
    runs: Sequence[RunData], first: Sequence[str], budget: int = DETAIL_BYTES, most: int = TABLE_ROWS
) -> Payload:
    """Return the data of all candidates that find room.

    Args:
        runs: The runs of the report.
        first: Candidates whose details go first: those of the gallery.
        budget: Room for compressed details, in bytes of base64.
        most: Rows of the table.
    """
    every = list(_entries(runs))
    order = _by_interest(every, _places(every), runs, set(first))
    listed = sorted(order[:most])
    entries = [every[place] for place in listed]
    row_of = {place: row for row, place in enumerate(listed)}
    places = _places(entries)
    block_of = [_NO_ROW] * len(entries)
    blocks: list[str] = []
    used = 0
    for block, rows in _packed(entries, runs, [row_of[place] for place in order[:most]]):
        used += len(block)
        if used > budget:
            break
        for row in rows:
            block_of[row] = len(blocks)
        blocks.append(block)
    table = _table(entries, places, runs)
    table["columns"]["block"] = block_of
    unlisted = len(every) - len(entries)
    return Payload(json_for_html(table), blocks, len(entries), unlisted, block_of.count(_NO_ROW))


def _entries(runs: Sequence[RunData]) -> Iterator[_Entry]:
    for number, run in enumerate(runs):
        for row in run.judged:
            yield _Entry(number, row.candidate, row.evaluation, row.admission)
        for candidate, evaluation in run.referenced:
            yield _Entry(number, candidate, evaluation, None)


def _places(entries: Sequence[_Entry]) -> dict[tuple[int, str], int]:
    """Return the place of every candidate, by its run's number and its id."""
    return {(entry.run, entry.candidate.id): place for place, entry in enumerate(entries)}


def _ancestors(entry: _Entry, runs: Sequence[RunData]) -> list[str]:
    """Return whom a candidate came from by the records: its parents, then the programs in its prompt."""
    shown_to = runs[entry.run].exemplars.get(entry.candidate.id, ())
    return list(dict.fromkeys((*entry.candidate.parents, *shown_to)))


def _by_interest(
    entries: Sequence[_Entry],
    places: dict[tuple[int, str], int],
    runs: Sequence[RunData],
    first: set[str],
) -> list[int]:
    """Return the row numbers, the most interesting first."""
    lineage = set[int]()
    waiting = [row for row, entry in enumerate(entries) if entry.candidate.id in first and entry.admission]
    while waiting:
        row = waiting.pop()
        if row in lineage:
            continue
        lineage.add(row)
        entry = entries[row]
        near = [] if entry.admission is None else [entry.admission.nearest_id]
        for other in (*_ancestors(entry, runs), *near):
            if other is not None and (entry.run, other) in places:
                waiting.append(places[entry.run, other])

    def interest(row: int) -> tuple[bool, bool, bool, float]:
        entry = entries[row]
        admitted = entry.admission is not None and entry.admission.admitted
        accuracy = entry.evaluation.accuracy if entry.evaluation else None
        return row not in lineage, not admitted, accuracy is None, -(accuracy or 0.0)

    return sorted(range(len(entries)), key=interest)


def _packed(
    entries: Sequence[_Entry], runs: Sequence[RunData], order: Sequence[int]
) -> Iterator[tuple[str, list[int]]]:
    """Yield compressed blocks with the rows that they hold, in the given order."""
    details: dict[int, dict[str, Any]] = {}
    size = 0
    for row in order:
        detail = _detail(entries[row], runs)
        details[row] = detail
        size += sum(len(value) for value in detail.values() if isinstance(value, str)) + 100
        if size > _BLOCK_CHARACTERS:
            yield _compressed(details), list(details)
            details, size = {}, 0
    if details:
        yield _compressed(details), list(details)


def _compressed(details: dict[int, dict[str, Any]]) -> str:
    # Without a time stamp, so that equal reports are equal files.
    return base64.b64encode(gzip.compress(json_for_html(details).encode(), mtime=0)).decode()


def _detail(entry: _Entry, runs: Sequence[RunData]) -> dict[str, Any]:
    candidate, evaluation = entry.candidate, entry.evaluation
    detail: dict[str, Any] = {}
    if candidate.source is not None:
        detail["source"] = shown(candidate.source)
    else:
        detail["completion"] = shown(candidate.completion, 6000)
    if candidate.hyperparameters:
        detail["hyperparameters"] = visible(in_words(candidate.hyperparameters))
    if candidate.transforms:
        detail["transforms"] = visible(in_words(candidate.transforms))
    if evaluation is not None:
        if evaluation.error:
            detail["error"] = visible(evaluation.error)
        if evaluation.output_tail:
            detail["output"] = visible(evaluation.output_tail)
        if evaluation.losses:
            detail["losses"] = [round(loss, 4) for loss in evaluation.losses]
        detail["stage"] = evaluation.stage.value
        detail["protocol"] = visible(evaluation.protocol_id)
        detail["memory"] = evaluation.peak_memory_bytes
    network = runs[entry.run].networks.get(candidate.id)
    if network is not None:
        detail["drawing"] = str(draw(network))
    return detail


class _Words:
    """Texts that recur, each kept once."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, word: str) -> int:
        """Return the place of a text in the list."""
        return self.known.setdefault(word, len(self.known))


def _table(
    entries: Sequence[_Entry], places: dict[tuple[int, str], int], runs: Sequence[RunData]
) -> dict[str, Any]:
    statuses, reasons, errors = _Words(), _Words(), _Words()
    metric = runs[0].metric
    errors.number("")

    def row_of(entry: _Entry, other: str | None) -> int:
        return _NO_ROW if other is None else places.get((entry.run, other), _NO_ROW)

    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    links: dict[int, list[int]] = {}
    for number, entry in enumerate(entries):
        evaluation, admission = entry.evaluation, entry.admission
        error = "" if evaluation is None else visible((evaluation.error or "")[:_ERROR_CHARACTERS])
        kind = evaluation.error_type if evaluation and evaluation.error_type else ""
        near = None if admission is None else admission.nearest_id
        accuracy = None if evaluation is None else evaluation.accuracy
        taught = runs[entry.run].taught.get(entry.candidate.cycle or 0, ())
        values = (
            entry.run,
            visible(entry.candidate.id),
            _NO_ROW if entry.candidate.cycle is None else entry.candidate.cycle,
            statuses.number("not judged" if evaluation is None else evaluation.status.value),
            reasons.number(
                entry.candidate.origin.value.upper() if admission is None else admission.reason.value
            ),
            None if accuracy is None else round(metric.of(accuracy), 4),
            None if evaluation is None else evaluation.parameters,
            None if evaluation is None else round(evaluation.wall_seconds, 2),
            entry.candidate.token_count,
            None if admission is None or admission.jaccard is None else round(admission.jaccard, 3),
            row_of(entry, near),
            int(near in taught),
            errors.number(f"{visible(kind[:60])}: {error}" if kind else error),
        )
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
        known = [row for other in _ancestors(entry, runs) if (row := row_of(entry, other)) != _NO_ROW]
        if known:
            links[number] = known
    return {
        "runs": [
            {
                "name": visible(run.name),
                "arm": run.arm.words,
                "taught": {cycle: len(ids) for cycle, ids in run.taught.items()},
            }
            for run in runs
        ],
        "metric": {
            "words": metric.words,
            "less": metric.less_is_better,
            "on": validation_words(runs[0].config, metric),
        },
        "statuses": list(statuses.known),
        "reasons": list(reasons.known),
        "errors": list(errors.known),
        "columns": columns,
        "links": links,
    }


_COLUMNS = (
    "run",
    "id",
    "cycle",
    "status",
    "reason",
    "accuracy",
    "parameters",
    "seconds",
    "tokens",
    "jaccard",
    "near",
    "nearTaught",
    "error",
)
