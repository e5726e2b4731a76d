"""A few lines of SVG: elements, number formats, and a frame with two axes.

The charts of the report are our own because the alternatives cost more than they give here: the inlinable
libraries (Plotly 4 MB, Vega 0.8 MB, Bokeh 1 MB) exceed or eat the page's budget, need `eval` or inline styles
that a strict Content-Security-Policy forbids, and draw nothing without script; matplotlib is a heavy
dependency whose SVG knows no dark mode. A dozen charts need lines, rectangles and text, coloured by CSS
classes, and these 150 lines.

All text passes through `markupsafe`, so what a program wrote cannot become markup. This module does *not*
know what is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isfinite, log10

from markupsafe import Markup, escape

WIDTH = 380
"""Width of a chart in its own units, about CSS pixels: charts are shown at 0.9 to 1.1 times that."""

Point = tuple[float, float]


def number(value: float) -> str:
    """Return a coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0") if isfinite(value) else "0"


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """Return an element; strings that are not markup are escaped, and `class_` and `stroke_width` spelled."""
    said = [
        Markup(' {}="{}"').format(
            key.rstrip("_").replace("_", "-"), number(value) if isinstance(value, int | float) else value
        )
        for key, value in attributes.items()
        if value is not None
    ]
    inside = Markup("").join(children)
    return Markup("<{}{}>{}</{}>").format(Markup(name), Markup("").join(said), inside, Markup(name))


def text(x: float, y: float, content: str, class_: str = "label", anchor: str = "start") -> Markup:
    """Return a line of text whose baseline starts, centres or ends at `(x, y)`."""
    return element("text", escape(content), x=x, y=y, class_=class_, text_anchor=anchor)


def titled(shape: str, *children: str, title: str, **attributes: str | float | None) -> Markup:
    """Return an element that says `title` when pointed at."""
    return element(shape, element("title", escape(title)), *children, **attributes)


def path(points: Iterable[Point], class_: str, *, close: bool = False) -> Markup:
    """Return a polyline through `points`."""
    steps = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return element("path", d=f"M{steps}{'Z' if close else ''}", class_=class_) if steps else Markup("")


def picture(height: float, label: str, *content: str, role: str = "img") -> Markup:
    """Return a whole SVG with its description for those who cannot see it."""
    return element(
        "svg",
        *content,
        viewBox=f"0 0 {WIDTH} {number(height)}",
        role=role,
        aria_label=label,
        class_="chart",
    )


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return about `count` round numbers from `low` to `high`."""
    if high <= low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** floor(log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first = ceil(low / step - 1e-9)
    found = []
    while (value := first * step) <= high + step * 1e-6:
        found.append(round(value, 10))
        first += 1
    return found


def short(value: float) -> str:
    """Return a number as people say it: 0.35, 12, 3.4k, 1.2M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


@dataclass
class Frame:
    """A plotting area with its scales; `x` and `y` turn values into coordinates.

    Attributes:
        xs: Values at the left and the right edge.
        ys: Values at the lower and the upper edge.
        height: Height of the whole picture.
        left, right, top, bottom: Margins.
        scale: Applied to x values before they are placed, such as a logarithm.
    """

    xs: tuple[float, float]
    ys: tuple[float, float]
    height: float = 220
    left: float = 40
    right: float = 14
    top: float = 12
    bottom: float = 30
    scale: Callable[[float], float] = field(default=float)

    def x(self, value: float) -> float:
        """Return the horizontal place of a value."""
        low, high = self.scale(self.xs[0]), self.scale(self.xs[1])
        share = (self.scale(value) - low) / (high - low) if high > low else 0.5
        return self.left + share * (WIDTH - self.left - self.right)

    def y(self, value: float) -> float:
        """Return the vertical place of a value."""
        low, high = self.ys
        share = (value - low) / (high - low) if high > low else 0.5
        return self.height - self.bottom - share * (self.height - self.bottom - self.top)

    def horizontal_axis(self, ticks: Sequence[float], form: Callable[[float], str], title: str) -> Markup:
        """Return the labels under the area and the axis's name."""
        base = self.height - self.bottom
        marks = [text(self.x(tick), base + 14, form(tick), "tick", "middle") for tick in ticks]
        line = element("line", x1=self.left, x2=WIDTH - self.right, y1=base, y2=base, class_="axis")
        middle = (self.left + WIDTH - self.right) / 2
        name = text(middle, self.height - 2, title, "tick", "middle")
        return Markup("").join([line, *marks, name])

    def vertical_axis(self, ticks: Sequence[float], form: Callable[[float], str]) -> Markup:
        """Return thin lines across the area with their labels at the left."""
        marks = []
        for tick in ticks:
            y = self.y(tick)
            marks.append(element("line", x1=self.left, x2=WIDTH - self.right, y1=y, y2=y, class_="grid"))
            marks.append(text(self.left - 6, y + 4, form(tick), "tick", "end"))
        return Markup("").join(marks)


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return the places moved as little as it takes to stand `gap` apart, between `low` and `high`."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for rank, index in enumerate(order):
        floor_ = low if rank == 0 else moved[order[rank - 1]] + gap
        moved[index] = max(moved[index], floor_)
    for rank, index in reversed(list(enumerate(order))):
        ceiling = high if rank == len(order) - 1 else moved[order[rank + 1]] - gap
        moved[index] = min(moved[index], ceiling)
    return moved
