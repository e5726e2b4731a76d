"""Figures as people read them: rates and means with their intervals, and the table of a run.

This module does *not* compute them (`cycles.figures` does).
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from cycles.figures.quantities import percent
from cycles.figures.records import CycleReport, Mean, Rate


def cycle_table(reports: Sequence[CycleReport], threshold: float) -> Table:
    """Return the table of a run, one line per cycle, each rate with its 95% interval."""
    table = Table(caption="95% intervals in brackets; mean accuracy over all counts invalid programs as 0")
    headings = (
        "cycle",
        "valid",
        "mean acc. (all)",
        "mean acc. (valid)",
        "best",
        f"acc. >= {threshold:.2f}",
        "admitted",
        "unique",
        "median Jaccard",
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    for report in reports:
        table.add_row(
            str(report.cycle),
            rate_cell(report.valid),
            mean_cell(report.mean_accuracy_all),
            mean_cell(report.mean_accuracy_valid),
            optional_cell(report.best_accuracy),
            rate_cell(report.strong),
            f"{report.admitted.count} of {report.admitted.total}",
            rate_cell(report.unique),
            optional_cell(report.median_jaccard),
        )
    return table


def rate_cell(rate: Rate) -> str:
    """Return a rate as `41% [34, 49]`."""
    return f"{percent(rate.value)} [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"


def mean_cell(mean: Mean) -> str:
    """Return a mean as `.352 [.31, .39]`, or a dash over nothing."""
    return f"{mean.value:.3f} [{mean.low:.2f}, {mean.high:.2f}]" if mean.count else "-"


def optional_cell(value: float | None) -> str:
    """Return a figure with three decimals, or a dash."""
    return "-" if value is None else f"{value:.3f}"
