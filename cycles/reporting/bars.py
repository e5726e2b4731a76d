"""Stacked bars by cycle, each part named at the last bar: outcomes, wall time, tokens.

The parts of a bar are the caller's; this module does *not* decide what is counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import NamedTuple

from markupsafe import Markup

from corpus.records.trainings import CycleStage
from cycles.figures.quantities import percent
from cycles.reporting.arms import OUTCOME_OF, OUTCOMES, Arm, thinned
from cycles.reporting.svg import (
    WIDTH,
    Frame,
    element,
    nice_ticks,
    picture,
    short,
    spread,
    text,
    titled,
)


class Part(NamedTuple):
    """One part of a bar: size, class, name beside the last bar (may be empty), words when pointed at."""

    size: float
    css: str
    name: str
    title: str


def outcomes(arm: Arm) -> Markup:
    """Return what became of the candidates, cycle by cycle, as shares stacked to the whole."""
    bars = []
    for cycle in arm.cycles:
        statuses = Counter(row.evaluation.status for row in arm.judged(cycle))
        parts = []
        for place, (name, members) in enumerate(OUTCOMES.items()):
            count = sum(statuses[status] for status in members)
            exact = ", ".join(f"{status.value} {statuses[status]}" for status in members if statuses[status])
            said = f"cycle {cycle}, {name}: {count} of {statuses.total()} ({exact})"
            parts.append(Part(count / (statuses.total() or 1), f"outcome-{place}", name, said))
        bars.append(parts)
    total = Counter(OUTCOME_OF[row.evaluation.status] for row in arm.judged())
    spoken = ", ".join(f"{name} {count}" for name, count in total.most_common())
    return stacked(arm.cycles, bars, f"What became of the candidates: {spoken}.", percent, top=1.0, right=108)


def stage_bars(arm: Arm) -> Markup:
    """Return the wall time of each stage by cycle, averaged over the arm's runs."""
    bars = []
    for cycle in arm.cycles:
        parts = []
        for stage in CycleStage:
            seconds = fmean([report.stage_seconds.get(stage, 0.0) for report in arm.reports(cycle)])
            parts.append(Part(seconds, f"stage-{stage}", stage, f"cycle {cycle}, {stage}: {seconds:.1f} s"))
        bars.append(parts)
    total = sum(part.size for parts in bars for part in parts)
    spoken = f"Wall time by cycle and stage, {total:.0f} s in all."
    return stacked(arm.cycles, bars, spoken, lambda value: f"{short(value)} s", right=68)


def token_bars(arm: Arm) -> Markup:
    """Return the tokens that the generator wrote in each cycle, averaged over the arm's runs."""
    bars = []
    for cycle in arm.cycles:
        count = fmean([report.mean_tokens * report.candidates for report in arm.reports(cycle)])
        each = fmean([report.mean_tokens for report in arm.reports(cycle)])
        bars.append([Part(count, "tokens", "", f"cycle {cycle}: {count:.0f} tokens, {each:.0f} a program")])
    total = sum(part.size for parts in bars for part in parts)
    return stacked(arm.cycles, bars, f"Tokens written by cycle, {total:.0f} in all.", short)


def stacked(
    cycles: Sequence[int],
    bars: Sequence[Sequence[Part]],
    spoken: str,
    form: Callable[[float], str],
    *,
    top: float | None = None,
    right: float = 14,
) -> Markup:
    """Return one bar for each cycle that is drawn.

    Args:
        cycles: The cycles, in order.
        bars: Their parts, the lowest first; empty ones are left out.
        spoken: What the picture shows, for those who cannot see it.
        form: Writes the values of the vertical axis.
        top: Value at the upper edge; by default a little more than the tallest bar.
        right: Room for the names.
    """
    if not bars:
        return Markup('<p class="nothing">No cycle is complete yet.</p>')
    cycles, bars = thinned(cycles), thinned(bars)
    tallest = max(sum(part.size for part in parts) for parts in bars)
    frame = Frame((-0.5, len(bars) - 0.5), (0.0, top or tallest * 1.06 or 1.0), height=230, right=right)
    wide = min(46.0, (frame.x(1) - frame.x(0)) * 0.84)
    drawn = [frame.vertical_axis(nice_ticks(0, frame.ys[1]), form)]
    for place, parts in enumerate(bars):
        under = 0.0
        for part in parts:
            if part.size <= 0:
                continue
            y, height = frame.y(under + part.size), frame.y(under) - frame.y(under + part.size)
            x = frame.x(place) - wide / 2
            css = f"bar {part.css}"
            drawn.append(titled("rect", title=part.title, x=x, y=y, width=wide, height=height, class_=css))
            under += part.size
    occurring = [place for place in range(len(bars[-1])) if any(parts[place].size > 0 for parts in bars)]
    drawn += _names(frame, [bars[-1][place] for place in occurring])
    ticks = range(0, len(cycles), max(1, len(cycles) // 8))
    drawn.append(frame.horizontal_axis(ticks, lambda place: str(cycles[int(place)]), "cycle"))
    return picture(frame.height, spoken, *drawn)


def _names(frame: Frame, parts: Sequence[Part]) -> list[Markup]:
    """Name the parts beside the last bar, where they stand in it or would stand."""
    middles, under = [], 0.0
    for part in parts:
        middles.append(frame.y(under + part.size / 2) + 4)
        under += part.size
    places = spread(middles, 13, frame.top + 6, frame.height - frame.bottom + 2)
    x = WIDTH - frame.right + 8
    names = []
    for y, part in zip(places, parts, strict=True):
        if part.name:
            names.append(element("rect", x=x, y=y - 8, width=8, height=8, class_=f"bar {part.css}"))
            names.append(text(x + 12, y, part.name, "label"))
    return names
