"""What a planner believes of its arms, as a picture: a dot for the mean, a line for the 95% interval.

Operations stand in the order of their belief, each with its prompt categories below it. This module does
*not* compute beliefs (`cycles.figures.planning` does).
"""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from cycles.figures.planning import ArmFigure, Planning
from cycles.figures.quantities import percent
from cycles.reporting.svg import WIDTH, Frame, element, picture, text, titled

_ROW, _BETWEEN = 11.0, 9.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def draw_beliefs(planning: Planning) -> Markup:
    """Return the chance of each arm to make a network better, as believed in the end."""
    heights = list(_places(planning))
    frame = Frame((0.0, 1.0), (0.0, 1.0), height=heights[-1] + 44, left=74, right=46, top=8)
    drawn = [_ticks(frame)]
    for figure, y in zip(planning.arms, heights, strict=True):
        drawn += _arm(frame, figure, y)
    best = planning.arms[0]
    spoken = (
        f"Believed chance of {len({arm.operation for arm in planning.arms})} operations to make a network "
        f"better; greatest for {best.operation}, {best.chance.value:.2f}."
    )
    drawn.append(frame.horizontal_axis(_TICKS, percent, "chance to be better than the parent"))
    drawn.append(text(WIDTH - 2, frame.top + 2, "better / tried", "tick", "end"))
    return picture(frame.height, spoken, *drawn)


def _places(planning: Planning) -> Iterator[float]:
    y = 16.0
    for place, figure in enumerate(planning.arms):
        y += _ROW + (_BETWEEN if place and figure.category is None else 0.0)
        yield y


def _ticks(frame: Frame) -> Markup:
    lines = (
        element("line", x1=x, x2=x, y1=frame.top + 6, y2=frame.height - frame.bottom, class_="grid")
        for x in map(frame.x, _TICKS)
    )
    return Markup("").join(lines)


def _arm(frame: Frame, figure: ArmFigure, y: float) -> list[Markup]:
    whole = figure.category is None
    chance = figure.chance
    css = f"belief {'whole' if whole else figure.category}"
    name = figure.operation if whole else f"{figure.operation}, {figure.category}"
    said = (
        f"{name}: {figure.helped} of {figure.trials} children better than their parent; believed chance "
        f"{chance.value:.2f} [{chance.low:.2f}, {chance.high:.2f}]"
    )
    left, right = frame.x(chance.low), frame.x(chance.high)
    marks = titled(
        "g",
        element("line", x1=left, x2=right, y1=y, y2=y, class_="spread"),
        element("circle", cx=frame.x(chance.value), cy=y, r=3.6 if whole else 2.6, class_="mean"),
        title=said,
        class_=css,
    )
    label = [text(frame.left - 8, y + 4, figure.operation, "label", "end")] if whole else []
    count = [text(WIDTH - 2, y + 4, f"{figure.helped}/{figure.trials}", "tick", "end")] if whole else []
    return [marks, *label, *count]
