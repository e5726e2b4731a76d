"""The tables of a study as rows of words, the same in the terminal, in Markdown and on the page.

Every arm has the same cells, winners and losers alike. This module does *not* print, draw or compute figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from corpus.records.tasks.kinds import Metric
from cycles.figures.statistics import mean_interval
from cycles.figures.studies.pairs import RESAMPLES, Difference, StudyFigures
from cycles.figures.studies.searches import FEWEST_PARAMETERS, QUANTITIES, Quantity, SearchFigures

NO_VALUE = "-"
MOST_COLUMNS = 9
"""Of a table of figures, as fit a wide terminal; of more arms, or pairs, each has a row instead."""

_MEANS = "Means over the seeds, with Student's 95% interval where there are several"

_OVERVIEW = tuple(
    each for each in QUANTITIES if each.key in ("retested", "best", "valid", "mean_valid", "unique_skeletons")
)


@dataclass(frozen=True)
class Grid:
    """One table: its caption, and its cells; the first column names the row."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def fitted(self, columns: str) -> Grid:
        """Return the table, its columns as rows where there are more than can be read.

        Args:
            columns: What a column is of, to head the first column of a turned table.
        """
        if len(self.headings) <= MOST_COLUMNS:
            return self
        (_, *headings), *rows = zip(self.headings, *self.rows, strict=True)
        return Grid(self.caption, (columns, *headings), tuple(rows))


def grids(figures: StudyFigures) -> list[Grid]:
    """Return the tables of a study: seed by seed, arm by arm, difference by difference."""
    found = [_by_seed(figures), _by_arm(figures)]
    return [*found, _differences(figures)] if figures.pairs else found


def note(figures: StudyFigures) -> str:
    """Return what the figures mean, to be shown below them."""
    metric = figures.metric
    score = "score" if metric.less_is_better else metric.words
    measured = "Accuracies are" if metric is Metric.ACCURACY else f"Figures by {metric.heading} are"
    turned = f" Areas, hypervolumes and differences are of the score, {metric.score_words}: more is better."
    many = (
        f" If no arms differed, at least {figures.by_chance:.1f} of these intervals would leave zero out by "
        "chance; nothing is corrected for that."
    )
    return (
        f"{measured} of the validation split; the test split is not read. *best*: the best of a run's "
        "search, one training each; *re-tested best*: that network trained anew on fresh seeds of the "
        "protocol, the mean over them. *area*: mean of the best so far over all evaluations, failed ones "
        f"included. *hypervolume*: share of the plane between {score} 0 and 1 and, on a logarithmic scale, "
        f"between the cap on parameters (the point of reference: {score} 0 at the cap) and "
        f"{FEWEST_PARAMETERS} that some valid program dominates. Differences are means over paired seeds; "
        f"their bootstrap interval ({RESAMPLES:,} resamples) is somewhat too narrow over few seeds."
        f"{many if figures.by_chance else ''}"
        f"{turned if metric.less_is_better else ''}"
    )


def markdown(figures: StudyFigures) -> str:
    """Return verdicts, tables and notes as Markdown."""
    parts = ["\n".join(f"- {pair.sentence}." for pair in figures.pairs)] if figures.pairs else []
    parts += map(as_markdown, grids(figures))
    return "\n\n".join([*parts, *figures.remarks, note(figures)]) + "\n"


def as_markdown(grid: Grid) -> str:
    """Return one table as Markdown, its caption above it."""
    lines = [grid.headings, tuple("---" for _ in grid.headings), *grid.rows]
    table = "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines)
    return f"{grid.caption}:\n\n{table}"


def overview(studies: Mapping[str, StudyFigures]) -> Grid:
    """Return several studies of the same arms in one table, an arm of a study in each row.

    Args:
        studies: Studies by what tells them apart: the task, for example.
    """
    rows = []
    for name, figures in studies.items():
        what = name if figures.metric is Metric.ACCURACY else f"{name} ({figures.metric.heading})"
        for arm, runs in figures.arms.items():
            if runs:
                rows.append((what, arm, str(len(runs)), *(_mean(each, runs) for each in _OVERVIEW)))
    return Grid(_MEANS, ("task", "arm", "seeds", *(each.title for each in _OVERVIEW)), tuple(rows))


def _by_seed(figures: StudyFigures) -> Grid:
    """Return what a user takes home, run by run: the deciding figure and its mean."""
    seeds = sorted({run.seed for runs in figures.arms.values() for run in runs})
    quantity = figures.quantities[0] if figures.quantities else Quantity("best", "best")
    rows = []
    for arm, runs in figures.arms.items():
        by_seed = {run.seed: quantity.shown(run) for run in runs}
        values = [value for value in by_seed.values() if value is not None]
        mean = f"{fmean(values):.3f}" if values else NO_VALUE
        rows.append((arm, *(_value(by_seed.get(seed), quantity) for seed in seeds), mean))
    budgets = sorted({run.evaluations for runs in figures.arms.values() for run in runs})
    spent = " or ".join(f"{budget:,}" for budget in budgets)
    unit = quantity.heading(figures.metric).removeprefix(quantity.title)
    caption = f"Best network of {spent} evaluations by seed ({quantity.title}){unit}"
    return Grid(caption, ("arm", *map(str, seeds), "mean"), tuple(rows))


def _by_arm(figures: StudyFigures) -> Grid:
    rows = [
        (quantity.heading(figures.metric), *(_mean(quantity, runs) for runs in figures.arms.values()))
        for quantity in figures.quantities
    ]
    return Grid(_MEANS, ("figure", *figures.arms), tuple(rows)).fitted("arm")


def _differences(figures: StudyFigures) -> Grid:
    known = [{each.key: each for each in pair.differences} for pair in figures.pairs]
    rows = [
        (
            quantity.heading(figures.metric, scored=True),
            *(_difference(pair.get(quantity.key), quantity) for pair in known),
        )
        for quantity in figures.quantities
    ]
    headings = ("figure", *(f"{pair.first} - {pair.second}" for pair in figures.pairs))
    return Grid("Paired differences, with their 95% bootstrap interval", headings, tuple(rows)).fitted("pair")


def _mean(quantity: Quantity, runs: Sequence[SearchFigures]) -> str:
    values = [value for run in runs if (value := quantity.shown(run)) is not None]
    if len(values) < 2:
        return _value(values[0] if values else None, quantity)
    mean = mean_interval(values, bounds=(0.0, quantity.most))
    places = quantity.places
    return f"{mean.value:.{places}f} [{mean.low:.{places}f}, {mean.high:.{places}f}]"


def _value(value: float | None, quantity: Quantity) -> str:
    return NO_VALUE if value is None else f"{value:.{quantity.places}f}"


def _difference(difference: Difference | None, quantity: Quantity) -> str:
    if difference is None:
        return NO_VALUE
    places = quantity.places
    value, low, high = difference.value, difference.low, difference.high
    if difference.pairs < 2:
        return f"{value:+.{places}f}"
    return f"{value:+.{places}f} [{low:.{places}f}, {high:.{places}f}]"
