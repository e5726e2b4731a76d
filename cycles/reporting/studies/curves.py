"""Best-so-far curves: one line per arm, the mean over its seeds, and a band from the lowest to the highest.

Accuracies rise; an error is drawn as the error, and falls.
The horizontal axis counts every evaluation, failed ones too. Lines end at the shortest run of their arm. This
module does *not* know what the tables say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from statistics import fmean

from markupsafe import Markup

from corpus.records.tasks.kinds import Metric
from cycles.figures.studies.searches import SearchFigures
from cycles.reporting.curves import decimals
from cycles.reporting.svg import WIDTH, Frame, element, nice_ticks, path, picture, short, spread, text

_STEPS = 240
"""Points of a line at most: more than a screen shows."""

_BEGINNING = 0.05
"""Share of the evaluations that may fall below the picture: every curve starts at zero."""


@dataclass(frozen=True)
class Line:
    """The curve of one arm: its name, its style class, and mean, lowest and highest after each evaluation."""

    name: str
    css: str
    points: list[tuple[int, float, float, float]]


def lines(arms: Sequence[tuple[str, str, Sequence[SearchFigures]]]) -> list[Line]:
    """Return the curves of arms given as name, style class and runs; an arm without a run has none."""
    found = []
    for name, css, runs in arms:
        length = min((run.evaluations for run in runs), default=0)
        if not length:
            continue
        places = sorted({1, length, *range(1, length, max(1, length // _STEPS))})
        points = []
        for place in places:
            values = [run.metric.of(run.curve[place - 1]) for run in runs]
            points.append((place, fmean(values), min(values), max(values)))
        found.append(Line(name, css, points))
    return found


def best_so_far(found: Sequence[Line], metric: Metric) -> Markup:
    """Return the chart of all arms, which are judged by `metric`."""
    if not found:
        return Markup('<p class="nothing">No run is finished yet.</p>')
    last = max(line.points[-1][0] for line in found)
    early = [point for line in found for point in line.points if point[0] > _BEGINNING * last]
    bottom, top = floor(min((low for _, _, low, _ in early), default=0.0) * 10) / 10, 1.0
    if metric.less_is_better:
        bottom, top = 0.0, ceil(max((high for _, _, _, high in early), default=1.0) * 10) / 10 or 1.0
    frame = Frame((1.0, float(last)), (bottom, top), height=300, right=92)
    drawn = [frame.vertical_axis(nice_ticks(bottom, top), decimals)]

    def height(value: float) -> float:
        return frame.y(min(max(value, bottom), top))

    ticks = [1.0, *(tick for tick in nice_ticks(0, last) if tick > 1)]
    drawn.append(frame.horizontal_axis(ticks, short, "evaluations"))
    for line in found:
        upper = [(frame.x(x), height(high)) for x, _, _, high in line.points]
        lower = [(frame.x(x), height(low)) for x, _, low, _ in reversed(line.points)]
        mean = [(frame.x(x), height(value)) for x, value, _, _ in line.points]
        drawn.append(
            element("g", path(upper + lower, "band", close=True), path(mean, "line"), class_=line.css)
        )
    wanted = [height(line.points[-1][1]) + 4 for line in found]
    heights = spread(wanted, 13, frame.top + 4, frame.height - frame.bottom + 2)
    for line, y in zip(found, heights, strict=True):
        # Names of arms differ in their ends as often as in their beginnings.
        label = line.name if len(line.name) <= 14 else f"{line.name[:6]}…{line.name[-7:]}"
        drawn.append(element("g", text(WIDTH - frame.right + 6, y, label, "end"), class_=line.css))
    spoken = "; ".join(f"{line.name}: {line.points[-1][1]:.3f}" for line in found)
    return picture(
        frame.height, f"Best validation {metric.words} after {last} evaluations. {spoken}.", *drawn
    )
