"""The pictures of a population: accuracies by cycle, novelty, and accuracy against parameters.

They draw counts and values as they are, of another metric than accuracy its own values, an error as the
error; what they mean stands in the captions of the page. This module does *not* draw curves or stacked bars
(`curves` and `bars` do).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import log10, pi, sqrt
from urllib.parse import quote

import numpy as np
from markupsafe import Markup

from corpus.records.search.trials import Trial
from corpus.records.text import visible
from cycles.figures.runs import RunData
from cycles.reporting.arms import Arm, ramp, thinned
from cycles.reporting.curves import capital, decimals
from cycles.reporting.svg import (
    WIDTH,
    Frame,
    element,
    nice_ticks,
    path,
    picture,
    short,
    text,
    titled,
)

_BANDWIDTH = 0.02
_BINS = 20


def ridges(arm: Arm) -> Markup:
    """Return the accuracy of the valid candidates, a ridge for each cycle drawn; area counts programs."""
    cycles = thinned(arm.cycles)
    metric = arm.metric
    groups = [
        [metric.of(row.evaluation.accuracy or 0.0) for row in arm.judged(c) if row.evaluation.valid]
        for c in cycles
    ]
    step = max(14.0, min(34.0, 260 / max(1, len(cycles))))
    rise = 2.1 * step
    grid = [index / 120 for index in range(121)]
    curves = [_density(values, grid) for values in groups]
    peak = max((max(curve) for curve in curves), default=0.0) or 1.0
    above = max((max(curve) / peak * rise - step * row for row, curve in enumerate(curves)), default=0.0)
    top = max(above - step * 0.6, 0.0) + 22
    frame = Frame((0.0, 1.0), (0.0, 1.0), height=top + step * len(cycles) + 40, left=30, right=40, top=top)
    drawn = []
    for row, (cycle, values, curve) in enumerate(zip(cycles, groups, curves, strict=True)):
        base = frame.top + step * (row + 0.6)
        crest = [(frame.x(x), base - y / peak * rise) for x, y in zip(grid, curve, strict=True)]
        drawn.append(element("line", x1=frame.left, x2=WIDTH - frame.right, y1=base, y2=base, class_="grid"))
        if values:
            outline = [(frame.x(0), base), *crest, (frame.x(1), base)]
            drawn.append(element("g", path(outline, "ridge", close=True), class_=ramp(cycle, cycles)))
            middle = sorted(values)[len(values) // 2]
            best = decimals((min if metric.less_is_better else max)(values))
            said = f"cycle {cycle}: {len(values)} valid, median {decimals(middle)}, best {best}"
            x = frame.x(middle)
            drawn.append(titled("line", title=said, x1=x, x2=x, y1=base - 5, y2=base + 1, class_="median"))
        if step >= 14:
            drawn.append(text(frame.left - 8, base + 1, str(cycle), "tick", "end"))
            drawn.append(text(WIDTH - frame.right + 6, base + 1, f"{len(values)}", "tick"))
    axis = frame.horizontal_axis([0, 0.25, 0.5, 0.75, 1], decimals, f"validation {metric.heading}")
    heads = [text(4, 10, "cycle", "tick"), text(WIDTH - 4, 10, "valid", "tick", "end")]
    spoken = "; ".join(f"cycle {c}: {len(v)} valid" for c, v in zip(cycles, groups, strict=True))
    of_what = f"{capital(metric.words)} of the valid programs by cycle"
    return picture(frame.height, f"{of_what}. {spoken}.", axis, *heads, *drawn)


def _density(values: Sequence[float], grid: Sequence[float]) -> list[float]:
    """Return a Gaussian kernel estimate times the count, reflected at 0 and 1 so that nothing leaks out."""
    scale = 1 / (_BANDWIDTH * sqrt(2 * pi))
    weights = Counter(round(value, 3) for value in values)
    value, count = np.array(list(weights)), np.array(list(weights.values()))
    places = np.concatenate([value, -value, 2 - value])  # (3 N,)
    distances = (np.array(grid)[:, None] - places) / _BANDWIDTH  # (G, 3 N)
    heights: list[float] = (scale * np.exp(-(distances**2) / 2) @ np.tile(count, 3)).tolist()
    return heights


def novelty(arm: Arm, tau: float) -> Markup:
    """Return how similar valid candidates are to the nearest program of the corpus, with the limit tau."""
    compared = [row for row in arm.judged() if row.evaluation.valid and row.admission.jaccard is not None]
    counts = {True: Counter[int](), False: Counter[int]()}
    for row in compared:
        place = min(_BINS - 1, int((row.admission.jaccard or 0.0) * _BINS))
        counts[row.admission.reason.novel][place] += 1
    tallest = max((counts[True][b] + counts[False][b] for b in range(_BINS)), default=0)
    frame = Frame((0.0, 1.0), (0.0, max(1, tallest) * 1.12), top=22)
    drawn = [frame.vertical_axis([t for t in nice_ticks(0, max(1, tallest)) if t == int(t)], short)]
    wide = (frame.x(1) - frame.x(0)) / _BINS - 1
    for place in range(_BINS):
        under = 0
        for novel, css, word in ((True, "new", "new"), (False, "known", "not new")):
            count = counts[novel][place]
            if count:
                y, base = frame.y(under + count), frame.y(under)
                said = f"similarity {place / _BINS:.2f} to {(place + 1) / _BINS:.2f}: {count} {word}"
                x = frame.x(place / _BINS) + 0.5
                drawn.append(
                    titled("rect", title=said, x=x, y=y, width=wide, height=base - y, class_=f"bar {css}")
                )
                under += count
    x = frame.x(tau)
    drawn.append(
        element("line", x1=x, x2=x, y1=frame.top - 6, y2=frame.height - frame.bottom, class_="limit")
    )
    drawn.append(text(x, frame.top - 10, f"τ = {tau:g}", "label", "middle"))
    drawn.append(
        frame.horizontal_axis([0, 0.25, 0.5, 0.75, 1], decimals, "Jaccard similarity to the nearest")
    )
    new = sum(counts[True].values())
    return picture(
        frame.height, f"{new} of {len(compared)} valid candidates were new at tau {tau:g}.", *drawn
    )


def pareto_front(rows: Sequence[Trial]) -> list[Trial]:
    """Return the candidates that no smaller one equals or beats in accuracy, smallest first."""
    front: list[Trial] = []
    sized = [row for row in rows if row.evaluation.parameters and row.evaluation.accuracy is not None]
    for row in sorted(sized, key=lambda r: (r.evaluation.parameters or 0, -(r.evaluation.accuracy or 0))):
        if not front or (row.evaluation.accuracy or 0) > (front[-1].evaluation.accuracy or 0):
            front.append(row)
    return front


def pareto(arms: Sequence[Arm]) -> Markup:
    """Return accuracy, or another metric, against parameters of all valid candidates, with the Pareto front
    over all arms.
    """
    metric = arms[0].metric
    owners: dict[int, RunData] = {id(row): run for arm in arms for run in arm.runs for row in run.valid}
    rows = [row for arm in arms for run in arm.runs for row in run.valid if row.evaluation.parameters]
    if not rows:
        return Markup('<p class="nothing">No valid candidate yet.</p>')
    sizes = [row.evaluation.parameters or 1 for row in rows]
    powers = range(int(log10(min(sizes))), int(log10(max(sizes))) + 2)
    frame = Frame((10.0 ** powers[0], 10.0 ** powers[-1]), (0.0, 1.0), height=290, scale=log10)
    drawn = [frame.vertical_axis([0, 0.25, 0.5, 0.75, 1], decimals)]
    drawn.append(frame.horizontal_axis([10.0**power for power in powers], short, "trainable parameters"))
    classes: dict[str, set[tuple[int, int]]] = {}
    for arm in arms:
        cycles = arm.cycles
        for row in arm.judged():
            if row.evaluation.valid and row.evaluation.parameters:
                one = len(arms) == 1
                css = ramp(row.candidate.cycle or 0, cycles) if one else f"ramp-6 {arm.css}"
                value = metric.of(row.evaluation.accuracy or 0)
                spot = round(frame.x(row.evaluation.parameters)), round(frame.y(value))
                classes.setdefault(css, set()).add(spot)
    for css, spots in sorted(classes.items()):
        # One path of zero-length strokes with round ends: a few bytes a point, and none drawn twice.
        drawn.append(
            element("path", d="".join(f"M{x} {y}h0" for x, y in sorted(spots)), class_=f"points {css}")
        )
    front = pareto_front(rows)
    values = [metric.of(row.evaluation.accuracy or 0) for row in front]
    places = [
        (frame.x(row.evaluation.parameters or 1), frame.y(value))
        for row, value in zip(front, values, strict=True)
    ]
    corners = [places[0]] if places else []
    for before, after in pairwise(places):
        corners += [(after[0], before[1]), after]
    drawn.append(path(corners, "front"))
    for row, value, (x, y) in zip(front, values, places, strict=True):
        said = (
            f"{row.candidate.id}: {metric.words} {decimals(value)} "
            f"with {short(row.evaluation.parameters or 0)} parameters"
        )
        dot = titled("circle", title=said, cx=x, cy=y, r=4.2, class_="front-dot")
        drawn.append(element("a", dot, href=anchor(owners[id(row)].name, row.candidate.id), aria_label=said))
    best = max(front, key=lambda row: row.evaluation.accuracy or 0)
    against = f"{capital(metric.words)} against parameters of {len(rows)} valid candidates"
    said = f"{against}; the best is {best.candidate.id}."
    return picture(frame.height, said, *drawn, role="group")  # an image may hold no links


def anchor(run: str, candidate: str) -> str:
    """Return the address of a candidate within the page."""
    return f"#/{quote(visible(run), safe='')}/{quote(visible(candidate), safe='')}"
