"""A recorded network as a picture: layers from top to bottom, branches side by side, skips drawn around.

Layered drawing after Sugiyama, Tagawa and Toda (1981): longest-path layers, places for edges that pass a
layer, a few sweeps that order each layer by the mean place of its neighbours, then positions that keep this
order. An operator that only reshapes, normalises or activates stands in the box of the one before it. This
module does *not* know programs: it draws what `corpus.structure.layers` found in the recording.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from markupsafe import Markup

from corpus.records.graphs import NetworkGraph
from cycles.reporting.layers import Layer, layers
from cycles.reporting.svg import element, number, short, text, titled

MAX_BOXES = 160
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


def draw(graph: NetworkGraph) -> Markup:
    """Return the network as an SVG, or a sentence if it has too many layers to be of use."""
    boxes = _boxes(layers(graph))
    if len(boxes) > MAX_BOXES:
        return Markup('<p class="nothing">Too large to draw: {} layers.</p>').format(len(boxes))
    chain = _with_passes(boxes)
    rows = _ordered(boxes)
    _place(boxes, rows)
    left = min(box.x - box.width / 2 for box in boxes) - 4
    right = max(box.x + box.width / 2 for box in boxes) + 4
    height = len(rows) * _ROW - (_ROW - _HIGH) + 8
    edges = [_edge(boxes, points) for points in chain]
    return element(
        "svg",
        *edges,
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


def _pack(boxes: Sequence[_Box], row: Sequence[int], wanted: Sequence[float]) -> None:
    """Put a row's boxes where they are wanted, pushed apart; groups that touch share the displacement."""
    groups: list[tuple[list[int], float]] = []  # members, centre of the group
    for index, place in zip(row, wanted, strict=True):
        groups.append(([index], place))
        while len(groups) > 1:
            (first, one), (second, two) = groups[-2:]
            if one + _extent(boxes, first) / 2 + _GAP <= two - _extent(boxes, second) / 2:
                break
            weight_one, weight_two = (sum(boxes[i].width for i in part) for part in (first, second))
            shift = (_extent(boxes, second) + _GAP) / 2, (_extent(boxes, first) + _GAP) / 2
            centre = (weight_one * (one + shift[0]) + weight_two * (two - shift[1])) / (
                weight_one + weight_two
            )
            groups[-2:] = [(first + second, centre)]
    for members, centre in groups:
        x = centre - _extent(boxes, members) / 2
        for index in members:
            boxes[index].x = x + boxes[index].width / 2
            x += boxes[index].width + _GAP


def _extent(boxes: Sequence[_Box], members: Sequence[int]) -> float:
    return sum(boxes[index].width for index in members) + _GAP * (len(members) - 1)


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
