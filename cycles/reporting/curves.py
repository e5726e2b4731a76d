"""Per-cycle curves with 95% intervals: one line per arm, labelled at its end.

A single run shows the interval of its own figure. Several runs of one arm show each run thinly, their mean
boldly and, as bars, Student's t interval over the runs: with three seeds it is wide, and that is what three
seeds are worth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from corpus.records.tasks.kinds import Metric
from cycles.figures.quantities import percent
from cycles.figures.records import CycleReport, Mean, Rate
from cycles.figures.statistics import mean_interval
from cycles.reporting.arms import Arm, thinned
from cycles.reporting.svg import (
    WIDTH,
    Frame,
    element,
    nice_ticks,
    path,
    picture,
    spread,
    text,
    titled,
)


@dataclass(frozen=True)
class Figure:
    """One figure that is followed over the cycles.

    Attributes:
        title: Its name.
        note: What it counts, in a few words.
        of: Reads it from a cycle's report; a plain number has no interval, None draws nothing.
        form: Writes a value.
        headline: Whether it stands at the head of the page.
    """

    title: str
    note: str
    of: Callable[[CycleReport], Rate | Mean | float | None]
    form: Callable[[float], str]
    headline: bool = False


def decimals(value: float) -> str:
    """Return a value in [0, 1] as `.52`, its ends as `0` and `1`."""
    return f"{value:.2f}".removeprefix("0") if 0 < value < 1 else f"{value:g}"


def capital(words: str) -> str:
    """Return words as the beginning of a sentence; those that are abbreviations stay as they are."""
    return words[:1].upper() + words[1:]


def figures(metric: Metric, threshold: float | None, selected_on: str) -> list[Figure]:
    """Return the figures of the page, in order; those of scores as their metric, as it is read.

    Args:
        metric: The metric of the runs.
        threshold: The fixed threshold of admission, None where there is none.
        selected_on: What it is measured on: `validation images`.
    """
    words, less = metric.words, metric.less_is_better
    better = "; lower is better" if less else ""
    bound = f"{capital(words)} of at {'most' if less else 'least'} {decimals(metric.of(threshold or 0.0))}"
    strong = Figure(bound, "share of all candidates", lambda r: r.strong, percent, headline=True)
    return [
        Figure(
            "Valid",
            "share of candidates that build, train and beat chance",
            lambda r: r.valid,
            percent,
            headline=True,
        ),
        Figure(
            f"Mean {words} of all",
            f"invalid programs count as {metric.of(0):g}{better}",
            lambda r: r.mean_accuracy_all.shown_as(metric),
            decimals,
            headline=True,
        ),
        *([] if threshold is None else [strong]),
        Figure("Novel", "share of the valid that the corpus did not hold", lambda r: r.novel, percent),
        Figure("Admitted", "share of candidates that entered the corpus", lambda r: r.admitted, percent),
        Figure(
            f"Best {words}",
            f"of each cycle, on {selected_on}{better}",
            lambda r: None if r.best_accuracy is None else metric.of(r.best_accuracy),
            decimals,
            headline=True,
        ),
        Figure(
            f"Mean {words} of the valid",
            f"over programs that count as valid{better}",
            lambda r: r.mean_accuracy_valid.shown_as(metric) if r.mean_accuracy_valid.count else None,
            decimals,
        ),
        Figure(
            "Similarity",
            "median Jaccard of pairs of valid programs; a rise is narrowing",
            lambda r: r.median_jaccard,
            decimals,
        ),
        Figure(
            "Distinct designs",
            "share of valid programs that differ in more than numbers",
            lambda r: r.unique_skeletons,
            percent,
        ),
    ]


@dataclass(frozen=True)
class Series:
    """One arm's points: cycle, value, lower and upper end (equal to the value where there is no interval)."""

    arm: Arm
    points: list[tuple[int, float, float, float]]
    runs: list[list[tuple[int, float]]]


def curve(figure: Figure, arms: Sequence[Arm]) -> Markup:
    """Return the chart of one figure over the cycles."""
    series = [found for arm in arms if (found := series_of(figure, arm)).points]
    cycles = [point[0] for each in series for point in each.points]
    if not series:
        return Markup('<p class="nothing">Nothing to show yet.</p>')
    top = max(point[3] for each in series for point in each.points)
    several = len(series) > 1
    frame = Frame((min(cycles), max(cycles)), (0.0, min(1.0, top * 1.08) or 1.0), right=62 if several else 44)
    drawn: list[Markup] = [frame.vertical_axis(nice_ticks(0, frame.ys[1]), figure.form)]
    drawn.append(frame.horizontal_axis(_cycle_ticks(cycles), lambda value: f"{value:.0f}", "cycle"))
    for place, each in enumerate(series):
        dodge = (place - (len(series) - 1) / 2) * 4
        drawn += _lines(frame, each, figure, dodge, shaded=not several and len(each.runs) == 1)
    drawn += _end_labels(frame, series, figure)
    return picture(frame.height, _spoken(figure, series), *drawn)


def series_of(figure: Figure, arm: Arm) -> Series:
    """Return the points of one arm, over the cycles that all its runs completed."""
    points: list[tuple[int, float, float, float]] = []
    runs: list[list[tuple[int, float]]] = [[] for _ in arm.runs]
    for cycle in arm.cycles:
        found = [figure.of(report) for report in arm.reports(cycle)]
        values = [(value.value if isinstance(value, Rate | Mean) else value) for value in found]
        for line, value in zip(runs, values, strict=True):
            if value is not None:
                line.append((cycle, value))
        known = [value for value in values if value is not None]
        if len(found) == 1 and isinstance(found[0], Rate | Mean):
            points.append((cycle, found[0].value, found[0].low, found[0].high))
        elif len(known) == 1:
            points.append((cycle, known[0], known[0], known[0]))
        elif known:
            mean = mean_interval(known)
            points.append((cycle, mean.value, mean.low, mean.high))
    return Series(arm, points, runs)


def _lines(frame: Frame, series: Series, figure: Figure, dodge: float, shaded: bool) -> list[Markup]:
    """Draw one arm; `dodge` moves it aside a little, so that upright bars of several arms stay apart."""

    def x(cycle: int) -> float:
        return frame.x(cycle) + dodge

    drawn = []
    if shaded:
        upper = [(x(cycle), frame.y(high)) for cycle, _, _, high in series.points]
        lower = [(x(cycle), frame.y(low)) for cycle, _, low, _ in reversed(series.points)]
        drawn.append(path(upper + lower, "band", close=True))
    else:
        drawn += [
            element("line", x1=x(cycle), x2=x(cycle), y1=frame.y(low), y2=frame.y(high), class_="whisker")
            for cycle, _, low, high in thinned(series.points)
            if high > low
        ]
    if len(series.runs) > 1:
        drawn += [path([(x(cycle), frame.y(v)) for cycle, v in line], "thin") for line in series.runs if line]
    drawn.append(path([(x(cycle), frame.y(value)) for cycle, value, _, _ in series.points], "line"))
    for cycle, value, low, high in thinned(series.points):
        between = f" [{figure.form(low)}, {figure.form(high)}]" if high > low else ""
        said = f"{series.arm.name}, cycle {cycle}: {figure.form(value)}{between}"
        drawn.append(titled("circle", title=said, cx=x(cycle), cy=frame.y(value), r=3.2, class_="dot"))
    return [element("g", *drawn, class_=series.arm.css)]


def _end_labels(frame: Frame, series: Sequence[Series], figure: Figure) -> list[Markup]:
    """Name each line where it ends; with one line its value says enough."""
    wanted = [frame.y(each.points[-1][1]) for each in series]
    places = spread([y + 4 for y in wanted], 13, frame.top + 4, frame.height - frame.bottom + 2)
    labels = []
    for each, y in zip(series, places, strict=True):
        said = each.arm.label if len(series) > 1 else figure.form(each.points[-1][1])
        labels.append(element("g", text(WIDTH - frame.right + 8, y, said, "end"), class_=each.arm.css))
    return labels


def _cycle_ticks(cycles: Sequence[int]) -> list[float]:
    low, high = min(cycles), max(cycles)
    return sorted({float(round(tick)) for tick in nice_ticks(low, high, 6)} | {float(low)})


def _spoken(figure: Figure, series: Sequence[Series]) -> str:
    parts = [
        f"{each.arm.name}: {figure.form(each.points[0][1])} in cycle {each.points[0][0]}, "
        f"{figure.form(each.points[-1][1])} in cycle {each.points[-1][0]}"
        for each in series
    ]
    return f"{figure.title} by cycle. " + "; ".join(parts) + "."
