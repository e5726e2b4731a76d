"""What `archloop import` says of an import: counts, and what was left behind, one by one where that is few.

This module does *not* import anything into a ledger.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cycles.figures.quantities import counted

if TYPE_CHECKING:
    from corpus.exchange.importing.source import ImportReport

_MOST_SHOWN = 20
"""Rejections that people are shown one by one; where there are more, a file holds them."""


def show_import(report: ImportReport, store: Path, as_json: bool, rejected: Path | None) -> None:
    """Print the report.

    Args:
        report: The report.
        store: Where the programs went, as the user named it: a run's directory or a ledger file.
        as_json: Whether to print JSON lines, every rejection in a line of its own.
        rejected: Where to write the rejections instead. By default they are printed; for people, if they are
            many, they go to a file beside the ledger, and after a dry run nowhere.
    """
    many = len(report.rejections) > _MOST_SHOWN
    if rejected is None and many and not as_json and not report.dry_run:
        ledger = store / "corpus.db" if store.is_dir() else store
        rejected = ledger.with_name(f"{ledger.stem}.rejected.jsonl")
    if rejected is not None:
        with rejected.open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(each.model_dump(mode='json'))}\n" for each in report.rejections)
    if as_json:
        _show_json(report, rejected)
    else:
        _show_text(report, store, rejected)


def _show_json(report: ImportReport, file: Path | None) -> None:
    for rejection in report.rejections if file is None else ():
        typer.echo(json.dumps({"event": "rejected", **rejection.model_dump(mode="json")}))
    summary = report.model_dump(mode="json", exclude={"rejections"})
    typer.echo(json.dumps({"event": "imported", **summary, "rejected": report.reasons()}))


def _show_text(report: ImportReport, store: Path, file: Path | None) -> None:
    if file is None and len(report.rejections) <= _MOST_SHOWN:
        for rejection in report.rejections:
            detail = f"  {rejection.detail}" if rejection.detail else ""
            typer.echo(f"{rejection.location}: {rejection.reason}{detail}")
    verb = "would enter" if report.dry_run else "entered"
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(report.reasons().items()))
    trials = f" ({counted(report.trials, 'trial')})" if report.trials != report.evaluations else ""
    typer.echo(
        f"{report.kind} '{report.source}': {counted(report.programs, 'program')} with "
        f"{counted(report.evaluations, 'evaluation')}"
        f"{trials} {verb} {store}. Left behind: {reasons or 'nothing'}."
    )
    if file is not None:
        typer.echo(f"One by one: {file}")
    elif len(report.rejections) > _MOST_SHOWN:
        typer.echo("One by one: give --rejected FILE.jsonl")
