"""A tree as a picture: modules as boxes from top to bottom, composites and repeats as frames around them.

The branches of a composite stand side by side; of a residual the way past it is drawn, a gate says so. Stem,
stages and head are frames of their own, with the shape of what leaves them. A node that an edit touched has
its mark's colour and sign, so that it is found without colours too: a minus for what is taken away, a plus
for what is put in, a triangle for what is set otherwise.

This module does *not* infer shapes or compare trees: it is told what leaves each part, and the marks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from markupsafe import Markup

from cycles.figures.quantities import counted
from cycles.reporting.svg import element, number, text, titled
from cycles.reporting.trees.changes import Mark, Marks, Row, rows
from generator.trees.nodes import Module, Node, Path, Repeat, Tree, Value, parts
from generator.trees.specs import Library, Shape

MAX_BOXES = 200
"""Most modules of a drawing: nobody reads more."""

_HIGH, _GAP, _PAD, _TITLE, _LETTER, _NARROW, _SKIP = 20.0, 7.0, 7.0, 15.0, 6.1, 54.0, 14.0
_SIGNS = {
    Mark.REMOVED: "\N{MINUS SIGN}",
    Mark.ADDED: "+",
    Mark.CHANGED: "\N{WHITE DOWN-POINTING SMALL TRIANGLE}",
}
_LONGEST = 34
_TIMES = "\N{MULTIPLICATION SIGN}"


class _Figure(NamedTuple):
    """A part of the picture: its size, and what is drawn once its left upper corner is known."""

    width: float
    height: float
    at: Callable[[float, float], list[Markup]]


def draw_tree(
    tree: Tree,
    library: Library,
    leaving: Mapping[Path, Shape],
    marks: Marks | None = None,
    folded: Collection[Path] = (),
) -> Markup:
    """Return a tree as an SVG, or a sentence where it has too many modules to be of use.

    Args:
        tree: The tree.
        library: What its modules are.
        leaving: What leaves stem, stages and head, by their paths; what is missing is not shown.
        marks: The nodes that an edit touched.
        folded: Paths of the parts whose nodes are not shown.
    """
    drawing = _Drawing(library, marks or {})
    figures = []
    for path, nodes in parts(tree):
        row = [((*path, place), node) for place, node in enumerate(nodes)]
        title = str(path[0]) if len(path) == 1 else f"stage {int(path[1]) + 1}"
        note = _shape(leaving[path]) if path in leaving else ""
        if not row:
            continue
        if path in folded:
            figures.append(_folded(f"{title}, {counted(len(nodes), 'node')}", note))
        else:
            figures.append(_framed(drawing.row(row), title, "part", note))
    if drawing.boxes > MAX_BOXES:
        return Markup('<p class="nothing">Too large to draw: {} modules.</p>').format(drawing.boxes)
    whole = _stacked(figures)
    return element(
        "svg",
        *whole.at(1, 1),
        viewBox=f"0 0 {number(whole.width + 2)} {number(whole.height + 2)}",
        width=whole.width + 2,
        height=whole.height + 2,
        role="img",
        aria_label=_spoken(tree, drawing),
        class_="network tree",
    )


def label(module: Module, library: Library) -> str:
    """Return a module in a few letters: `conv 16, kernel 5`."""
    spec = library.get(module.name)
    said = [
        _value(value)
        if spec is not None and name == spec.width
        else f"{name.replace('_', ' ')} {_value(value)}"
        for name, value in module.arguments
    ]
    return f"{module.name.replace('_', ' ')} {', '.join(said)}".strip()


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _shape(shape: Shape) -> str:
    sides = () if shape.flat else (shape.height, shape.width)
    return f" {_TIMES} ".join(map(str, (shape.channels, *sides)))


class _Drawing:
    """One picture in the making."""

    def __init__(self, library: Library, marks: Marks) -> None:
        self.boxes = 0
        self._library, self._marks = library, marks

    def row(self, row: Row) -> _Figure:
        return _stacked([self._node(node, path) for path, node in row])

    def _node(self, node: Node, path: Path) -> _Figure:
        mark = self._marks.get(path)
        if isinstance(node, Module):
            return self._module(node, mark)
        inner = [self.row(row) for row in rows(node, path)]
        if isinstance(node, Repeat):
            return _framed(inner[0], f"{node.times} {_TIMES}", "repeat", mark=mark)
        if node.kind == "branches":
            joined = "joined" if node.join == "cat" else "summed up"
            return _framed(_beside(inner), f"branches, {joined}", "branches", mark=mark)
        if node.kind == "residual" and len(inner) == 1:
            return _framed(_passed(inner[0]), "residual", "residual", mark=mark)
        named = "residual, shortcut beside" if node.kind == "residual" else node.kind
        return _framed(_beside(inner), named, node.kind, mark=mark)

    def _module(self, module: Module, mark: Mark | None) -> _Figure:
        self.boxes += 1
        spec = self._library.get(module.name)
        said = label(module, self._library)
        shown = said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
        if mark is not None:
            shown = f"{_SIGNS[mark]} {shown}"
        kinds = [f"role-{spec.role}" if spec else "", "adaptor" if module.adaptor else ""]
        kinds += ["" if spec is None or spec.primitive else "mined", mark or ""]
        notes = [said, "put in so that shapes fit" if module.adaptor else ""]
        notes += ["" if spec is None or spec.primitive else f"mined from {spec.origin}", mark or ""]
        width = max(_NARROW, len(shown) * _LETTER + 12)

        def at(x: float, y: float) -> list[Markup]:
            box = titled(
                "g",
                element("rect", x=x, y=y, width=width, height=_HIGH, rx=4, class_="box"),
                text(x + width / 2, y + 14, shown, "op", "middle"),
                title="; ".join(filter(None, notes)),
                class_=" ".join(filter(None, ("node", *kinds))),
            )
            return [box]

        return _Figure(width, _HIGH, at)


def _stacked(figures: list[_Figure]) -> _Figure:
    """Return figures below each other, with lines between."""
    width = max((each.width for each in figures), default=_NARROW)
    height = sum(each.height + _GAP for each in figures) - _GAP if figures else _GAP

    def at(x: float, y: float) -> list[Markup]:
        drawn: list[Markup] = []
        middle = x + width / 2
        if not figures:
            drawn.append(_line(middle, y, middle, y + height))
        for place, each in enumerate(figures):
            if place:
                drawn.append(_line(middle, y - _GAP, middle, y))
            drawn += each.at(middle - each.width / 2, y)
            y += each.height + _GAP
        return drawn

    return _Figure(width, height, at)


def _beside(figures: list[_Figure]) -> _Figure:
    """Return figures side by side, each with a line from the top and to the bottom."""
    width = sum(each.width + _GAP for each in figures) - _GAP
    height = max(each.height for each in figures)

    def at(x: float, y: float) -> list[Markup]:
        drawn: list[Markup] = []
        for each in figures:
            middle = x + each.width / 2
            drawn += each.at(x, y)
            if each.height < height:
                drawn.append(_line(middle, y + each.height, middle, y + height))
            x += each.width + _GAP
        return drawn

    return _Figure(width, height, at)


def _passed(figure: _Figure) -> _Figure:
    """Return a figure with the way of its input past it."""

    def at(x: float, y: float) -> list[Markup]:
        middle, right, bottom = (
            x + _SKIP + figure.width / 2,
            x + figure.width + 1.6 * _SKIP,
            y + figure.height,
        )
        way = f"M{number(middle)} {number(y - 4)}H{number(right)}V{number(bottom + 4)}H{number(middle)}"
        return [element("path", d=way, class_="edge skip"), *figure.at(x + _SKIP, y)]

    return _Figure(figure.width + 2 * _SKIP, figure.height, at)


def _folded(title: str, note: str) -> _Figure:
    """Return a part whose nodes are not shown."""
    width, height = (len(title) + len(note) + 3) * _LETTER + 2 * _PAD, _TITLE + _PAD

    def at(x: float, y: float) -> list[Markup]:
        frame = element(
            "g",
            element("rect", x=x, y=y, width=width, height=height, rx=6, class_="frame"),
            text(x + _PAD, y + 14.5, title, "title"),
            text(x + width - _PAD, y + 14.5, note, "shape", "end"),
            class_="node folded",
        )
        return [frame]

    return _Figure(width, height, at)


def _framed(inner: _Figure, title: str, kind: str, note: str = "", mark: Mark | None = None) -> _Figure:
    """Return a figure in a frame with a title at its left, a note at its right."""
    shown = title if mark is None else f"{_SIGNS[mark]} {title}"
    wide = (len(shown) + len(note) + (3 if note else 0)) * _LETTER
    width = max(inner.width, wide) + 2 * _PAD
    height = inner.height + _TITLE + 2 * _PAD

    def at(x: float, y: float) -> list[Markup]:
        frame = element(
            "g",
            element("rect", x=x, y=y, width=width, height=height, rx=6, class_="frame"),
            text(x + _PAD, y + 14, shown, "title"),
            *([text(x + width - _PAD, y + 14, note, "shape", "end")] if note else []),
            class_=f"node {kind}{f' {mark}' if mark else ''}",
        )
        return [frame, *inner.at(x + (width - inner.width) / 2, y + _TITLE + _PAD)]

    return _Figure(width, height, at)


def _line(x: float, y: float, to_x: float, to_y: float) -> Markup:
    return element("line", x1=x, y1=y, x2=to_x, y2=to_y, class_="edge")


def _spoken(tree: Tree, drawing: _Drawing) -> str:
    marked = len(drawing._marks)
    said = f"A network of {counted(len(tree.stages), 'stage')} and {counted(drawing.boxes, 'module')}"
    return f"{said}; {counted(marked, 'node')} marked as changed." if marked else f"{said}."
