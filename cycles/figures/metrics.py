"""`metrics.jsonl`: one line for each finished cycle, its whole report.

The file is a copy of what the ledger holds: lost or cut short, it is made again. So whoever wants the figures
computed afresh removes it. This module does *not* compute figures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from corpus.files.whole import write_whole
from corpus.ledger.reader import Ledger
from cycles.config.run import RunConfig
from cycles.figures.cycle_report import cycle_report
from cycles.figures.records import CycleReport


def add_to_metrics(report: CycleReport, ledger: Ledger, config: RunConfig, path: Path) -> None:
    """Add a cycle's report to those of the cycles before it.

    Earlier cycles are complete, and so their lines are taken as they are; only one that is missing is
    computed again.
    """
    known = _lines(path)
    lines = [
        known.get(cycle) or cycle_report(ledger, cycle, config).model_dump_json()
        for cycle in ledger.completed_cycles()
        if cycle < report.cycle
    ]
    _replace(path, [*lines, report.model_dump_json()])


def write_metrics(reports: Sequence[CycleReport], path: Path) -> None:
    """Write one JSON line per cycle, replacing the file in one step: a reader never sees half of it."""
    _replace(path, [report.model_dump_json() for report in reports])


def noted_reports(path: Path, ledger: Ledger) -> dict[int, CycleReport]:
    """Return the reports in the file by cycle, without those whose statuses are not those of `ledger`."""
    noted = {cycle: CycleReport.model_validate_json(line) for cycle, line in _lines(path).items()}
    if not noted:
        return {}
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for outcome in ledger.outcomes():
        counts[outcome.cycle][outcome.status] += 1
    return {cycle: report for cycle, report in noted.items() if report.statuses == counts[cycle]}


def _lines(path: Path) -> dict[int, str]:
    """Return the whole lines of the file by cycle; none where there is no file, or none that can be read."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        return {CycleReport.model_validate_json(line).cycle: line for line in lines if line}
    except (OSError, ValueError):
        return {}


def _replace(path: Path, lines: Iterable[str]) -> None:
    write_whole(path, "".join(f"{line}\n" for line in lines))
