"""Figures as people read them: rates and means with their intervals, and the table of a run.

This module does *not* compute them (`cycles.figures` does).
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from corpus.config import CorpusConfig
from corpus.novelty.threshold import fixed_threshold
from corpus.records.tasks.kinds import Metric
from cycles.figures.quantities import percent
from cycles.figures.records import CycleReport, Mean, Rate


def cycle_table(reports: Sequence[CycleReport], corpus: CorpusConfig) -> Table:
    """Return the table of a run, one line per cycle, each rate with its 95% interval.

    Args:
        reports: The figures of its cycles, at least one.
        corpus: The run's rule of admission, whose threshold has a column where it is fixed.
    """
    metric = reports[0].metric
    threshold = fixed_threshold(corpus, metric)
    lower = " (lower is better)" if metric.less_is_better else ""
    table = Table(
        caption=f"95% intervals in brackets; {metric.averaged}{lower} over all counts invalid programs as "
        f"{metric.of(0):g}"
    )
    headings = (
        "cycle",
        "valid",
        f"mean {metric.short} (all)",
        f"mean {metric.short} (valid)",
        "best",
        *([] if threshold is None else [threshold_heading(metric, threshold)]),
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
            mean_cell(report.mean_accuracy_all.shown_as(metric)),
            mean_cell(report.mean_accuracy_valid.shown_as(metric)),
            score_cell(report.best_accuracy, metric),
            *([] if threshold is None else ["-" if report.strong is None else rate_cell(report.strong)]),
            f"{report.admitted.count} of {report.admitted.total}",
            rate_cell(report.unique),
            optional_cell(report.median_jaccard),
        )
    return table


def threshold_heading(metric: Metric, threshold: float) -> str:
    """Return the heading of the share that reaches a score: `acc. >= 0.40`, `rel. L2 <= 0.60`."""
    return f"{metric.short} {'<=' if metric.less_is_better else '>='} {metric.of(threshold):.2f}"


def rate_cell(rate: Rate) -> str:
    """Return a rate as `41% [34, 49]`."""
    return f"{percent(rate.value)} [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"


def mean_cell(mean: Mean) -> str:
    """Return a mean as `.352 [.31, .39]`, or a dash over nothing."""
    return f"{mean.value:.3f} [{mean.low:.2f}, {mean.high:.2f}]" if mean.count else "-"


def score_cell(score: float | None, metric: Metric) -> str:
    """Return a score as its metric with three decimals, or a dash."""
    return optional_cell(None if score is None else metric.of(score))


def optional_cell(value: float | None) -> str:
    """Return a figure with three decimals, or a dash."""
    return "-" if value is None else f"{value:.3f}"
