"""A recorded network as a picture: layers from top to bottom, branches side by side, skips drawn around.

Layered drawing after Sugiyama, Tagawa and Toda (1981): longest-path layers, places for edges that pass a
layer, a few sweeps that order each layer by the mean place of its neighbours, then positions that keep this
order. An operator that only reshapes, normalises or activates stands in the box of the one before it. This
module does *not* know programs: it draws what `cycles.reporting.layers` found in the recording, and no graph
beyond `MAX_BOXES` and `MAX_PLACES`, since nobody could read it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import NamedTuple

from markupsafe import Markup

from corpus.records.graphs import NetworkGraph
from cycles.reporting.layers import Layer, layers
from cycles.reporting.svg import element, number, short, text, titled

MAX_BOXES = 160
"""Most boxes of a drawing."""

MAX_PLACES = 3_000
"""Most places at which edges pass a row that they neither start nor end at: a dense block of 25 layers has
2,600 of them."""

_BOX, _PASS, _GAP, _ROW, _HIGH = 186.0, 10.0, 14.0, 48.0, 32.0
_FOLDED = frozenset(
    {"batch_norm", "group_norm", "layer_norm", "instance_norm", "relu", "relu_", "leaky_relu", "elu", "selu"}
    | {"celu", "gelu", "silu", "mish", "hardswish", "hardtanh", "relu6", "tanh", "sigmoid", "prelu", "alias"}
    | {"dropout", "view", "flatten", "squeeze", "unsqueeze", "softmax", "log_softmax", "softplus"}
)
"""Operators that stand in the box of the one before them."""

_KINDS = {
    "convolution": "conv",
    "addmm": "dense",
    "mm": "dense",
    "bmm": "dense",
    "add": "join",
    "cat": "join",
    "mul": "join",
    "input": "input",
}
_TIMES = "\N{MULTIPLICATION SIGN}"
_SIZES = re.compile(r"(?<=\d)x(?=\d)")


@dataclass
class _Box:
    """A box of the drawing: its layers, what it takes, and its place; without layers an edge passes here."""

    layers: list[Layer]
    inputs: list[int]
    row: int = 0
    x: float = 0.0

    @property
    def width(self) -> float:
        return _BOX if self.layers else _PASS


# A memo of a pure function: a page that renews itself shows the same networks again and again.
@lru_cache(maxsize=256)
def draw(graph: NetworkGraph) -> Markup:
    """Return the network as an SVG, or a sentence if it has too many layers or edges to be of use."""
    boxes = _boxes(layers(graph))
    edges = [
        boxes[target].row - boxes[source].row
        for target in range(len(boxes))
        for source in boxes[target].inputs
    ]
    if len(boxes) > MAX_BOXES or sum(edges) - len(edges) > MAX_PLACES:
        return Markup('<p class="nothing">Too large to draw: {} layers, {} edges.</p>').format(
            len(boxes), len(edges)
        )
    chain = _with_passes(boxes)
    rows = _ordered(boxes)
    _place(boxes, rows)
    left = min(box.x - box.width / 2 for box in boxes) - 4
    right = max(box.x + box.width / 2 for box in boxes) + 4
    height = len(rows) * _ROW - (_ROW - _HIGH) + 8
    return element(
        "svg",
        *(_edge(boxes, points) for points in chain),
        *(_drawn(box) for box in boxes if box.layers),
        viewBox=f"{number(left)} 0 {number(right - left)} {number(height)}",
        width=right - left,
        height=height,
        role="img",
        aria_label=_spoken(boxes),
        class_="network",
    )


def _boxes(found: Sequence[Layer]) -> list[_Box]:
    """Fold what only follows another layer into its box; box numbers follow the data."""
    users: defaultdict[int, int] = defaultdict(int)
    for layer in found:
        for source in set(layer.inputs):
            users[source] += 1
    boxes: list[_Box] = []
    box_of: dict[int, int] = {}
    for layer in found:
        sources = list(dict.fromkeys(box_of[source] for source in layer.inputs))
        alone = len(layer.inputs) == 1 and users[layer.inputs[0]] == 1
        before = boxes[sources[0]] if sources else None
        if (
            before
            and alone
            and layer.op in _FOLDED
            and before.layers[0].op != "input"
            and len(before.layers) < 4
        ):
            before.layers.append(layer)
            box_of[layer.node] = sources[0]
            continue
        box_of[layer.node] = len(boxes)
        row = max((boxes[source].row + 1 for source in sources), default=0)
        boxes.append(_Box([layer], sources, row))
    return boxes


def _with_passes(boxes: list[_Box]) -> list[list[int]]:
    """Append a place wherever an edge passes a row; return every edge as the boxes and places on its way."""
    chains = []
    for target in range(len(boxes)):
        inputs = []
        for source in boxes[target].inputs:
            way = [source]
            for row in range(boxes[source].row + 1, boxes[target].row):
                boxes.append(_Box([], [way[-1]], row))
                way.append(len(boxes) - 1)
            inputs.append(way[-1])
            chains.append([*way, target])
        boxes[target].inputs = inputs
    return chains


def _ordered(boxes: Sequence[_Box]) -> list[list[int]]:
    """Return the boxes of each row from left to right."""
    rows: list[list[int]] = [[] for _ in range(1 + max(box.row for box in boxes))]
    takers: defaultdict[int, list[int]] = defaultdict(list)
    for index, box in enumerate(boxes):
        rows[box.row].append(index)
        for source in box.inputs:
            takers[source].append(index)
    rank = {index: float(place) for row in rows for place, index in enumerate(row)}
    for sweep in range(8):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):

            def middle(index: int, down: bool = down) -> float:
                near = boxes[index].inputs if down else takers[index]
                return fmean(rank[other] for other in near) if near else rank[index]

            row.sort(key=middle)
            rank.update({index: place - (len(row) - 1) / 2 for place, index in enumerate(row)})
    return rows


def _place(boxes: Sequence[_Box], rows: Sequence[list[int]]) -> None:
    """Set every `x`: near the mean of its neighbours, in the order of its row, without overlap."""
    near: defaultdict[int, list[int]] = defaultdict(list)
    for index, box in enumerate(boxes):
        for source in box.inputs:
            near[index].append(source)
            near[source].append(index)
    for row in rows:
        _pack(boxes, row, [0.0] * len(row))
    for sweep in range(12):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            _pack(boxes, row, [fmean(boxes[o].x for o in near[i]) if near[i] else boxes[i].x for i in row])


class _Group(NamedTuple):
    """Boxes that touch, of a row: from `first` on in its order.

    Attributes:
        first: Place of the first in the row.
        weight: Sum of their widths.
        extent: From the left of the first to the right of the last.
        centre: Where their middle is.
    """

    first: int
    weight: float
    extent: float
    centre: float


def _pack(boxes: Sequence[_Box], row: Sequence[int], wanted: Sequence[float]) -> None:
    """Put a row's boxes where they are wanted, pushed apart; groups that touch share the displacement."""
    groups: list[_Group] = []
    for place, (index, centre) in enumerate(zip(row, wanted, strict=True)):
        width = boxes[index].width
        groups.append(_Group(place, width, width, centre))
        while len(groups) > 1 and _touch(groups[-2], groups[-1]):
            groups[-2:] = [_merged(groups[-2], groups[-1])]
    for group, end in zip(groups, [*(group.first for group in groups[1:]), len(row)], strict=True):
        x = group.centre - group.extent / 2
        for index in row[group.first : end]:
            boxes[index].x = x + boxes[index].width / 2
            x += boxes[index].width + _GAP


def _touch(left: _Group, right: _Group) -> bool:
    return left.centre + left.extent / 2 + _GAP > right.centre - right.extent / 2


def _merged(left: _Group, right: _Group) -> _Group:
    weight = left.weight + right.weight
    one = left.centre + (right.extent + _GAP) / 2
    two = right.centre - (left.extent + _GAP) / 2
    centre = (left.weight * one + right.weight * two) / weight
    return _Group(left.first, weight, left.extent + _GAP + right.extent, centre)


def _top(box: _Box) -> float:
    return 4 + box.row * _ROW


def _edge(boxes: Sequence[_Box], way: Sequence[int]) -> Markup:
    """Return a smooth line from the bottom of the first box, through the places, to the top of the last."""
    start, *between, end = (boxes[index] for index in way)
    x, y = start.x, _top(start) + _HIGH
    steps = [f"M{number(x)} {number(y)}"]
    for box in (*between, end):
        upper = _top(box)
        bend = (y + upper) / 2
        steps.append(
            f"C{number(x)} {number(bend)} {number(box.x)} {number(bend)} {number(box.x)} {number(upper)}"
        )
        x, y = box.x, upper
        if not box.layers:
            y = upper + _HIGH
            steps.append(f"V{number(y)}")
    return element("path", d="".join(steps), class_="edge")


def _drawn(box: _Box) -> Markup:
    first = box.layers[0]
    names = [_name(layer) for layer in box.layers]
    kind = _KINDS.get(first.op, "pool" if "pool" in first.op or first.op == "mean" else "other")
    trained = sum(layer.parameters for layer in box.layers)
    shape = (box.layers[-1].shape or "1").replace("x", _TIMES)
    said = f"{', '.join(names)}; output {shape}" + (f"; {trained:,} parameters" if trained else "")
    left, top = box.x - _BOX / 2, _top(box)
    note = shape + (f" · {short(trained)}" if trained else "")
    return titled(
        "g",
        element("rect", x=left, y=top, width=_BOX, height=_HIGH, rx=4, class_="box"),
        text(box.x, top + 13.5, _clipped(" · ".join(names)), "op", "middle"),
        text(box.x, top + 26, note, "shape", "middle"),
        title=said,
        class_=f"layer {kind}",
    )


def _name(layer: Layer) -> str:
    """Return `max pool 3 by 3, stride 2`, with the sign for by, for `max_pool2d 3x3, stride 2`."""
    return _SIZES.sub(_TIMES, layer.label).replace("2d", "").replace("_", " ")


def _clipped(name: str, longest: int = 30) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _spoken(boxes: Sequence[_Box]) -> str:
    real = [box.layers[0].label for box in boxes if box.layers]
    return f"Network of {len(real)} layers: {', '.join(real[:40])}{' and more' if len(real) > 40 else ''}."
