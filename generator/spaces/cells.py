"""The space of cells, as in NAS-Bench-201 (Dong and Yang, ICLR 2020), in networks for small images.

    stem -> cell -> (halve and double -> cell), once or twice -> mean over the image -> scores

Every stage repeats the one cell. A point is the cell's six operators, in the order of its encoding
`|conv3x3~0|+|skip~0|none~1|+|none~0|conv1x1~1|skip~2|`: the second node takes the input through a 3x3
convolution, the third the input as it is, and so on; the fourth leaves the cell.

The width is fixed by the task and the cap on parameters, so that accuracies speak of cells: it is the largest
of `WIDTHS` with which the cell of most parameters is below the cap. So every cell is legal.

A point's key is its wiring, and so is its program: cells that spell one network have one program. Which
equalities that knows, and which not, stands in `wiring`. The constructor's set of operators makes sub-spaces.
Of three operators `OPERATORS_3` is the choice. `none` cuts edges, so that there is something to lose, and 67
of the 729 cells lose everything; the convolution learns, and pooling sees further without learning. `none`
with `skip` and a convolution would be the plainer choice, but spells 99 different networks alone, which a
hundred draws exhaust; these three spell 261.

This module does *not* train anything.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence

from corpus.records.base import content_id
from corpus.records.tasks.shape import TaskShape
from generator.spaces.errors import no_room, require_side
from generator.spaces.operations import Pick
from generator.spaces.sources import classifier_parameters, conv_parameters, module_source
from generator.spaces.wiring import EDGES, INPUT, NONE, POOL, SKIP, Wiring, wire

Cell = tuple[str, ...]
"""The operators on the six edges, in the order of `EDGES`."""

KERNELS = {"conv1x1": 1, "conv3x3": 3}
OPERATORS = (NONE, SKIP, *KERNELS, POOL)
OPERATORS_3 = (NONE, "conv3x3", POOL)

WIDTHS = (16, 12, 8, 6, 4, 2)
"""Channels of the first stage; each reduction doubles them."""

_TWO_REDUCTIONS_FROM, _THREE_REDUCTIONS_FROM = 16, 64
"""Pixels of the shorter side."""

_LONGEST_TEXT = 1_000
_EDGE = re.compile(r"(\w+)~(\d)")

_MEANINGS = {
    NONE: "no connection",
    SKIP: "the node as it is",
    "conv1x1": "ReLU, 1x1 convolution, batch normalisation",
    "conv3x3": "ReLU, 3x3 convolution, batch normalisation",
    POOL: "3x3 average pooling",
}

_CONV = """\
def conv(inputs, outputs, kernel, stride=1):
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )
"""


class CellSpace:
    """The cells over a set of operators; see the module's text.

    Args:
        shape: The task; both sides at least 6.
        max_parameters: Cap on a network's trainable parameters.
        operators: Which operators there are: at least two of `OPERATORS`.
        name: The space's name in a configuration.

    Raises:
        NoRoomError: The images are too small, or no width is below the cap.
    """

    author = "cells-1"
    textual = False

    def __init__(
        self,
        shape: TaskShape,
        *,
        max_parameters: int = 500_000,
        operators: Sequence[str] = OPERATORS,
        name: str = "cells",
    ) -> None:
        if len(set(operators)) < 2 or not set(operators) <= set(OPERATORS):
            raise ValueError(f"operators must be at least two of {', '.join(OPERATORS)}")
        require_side(name, shape.height, shape.width)
        self.name = name
        self.operators = tuple(operators)
        self._shape = shape
        side = min(shape.height, shape.width)
        self.reductions = 1 + (side >= _TWO_REDUCTIONS_FROM) + (side >= _THREE_REDUCTIONS_FROM)
        largest: Cell = (max(operators, key=lambda op: KERNELS.get(op, 0)),) * len(EDGES)
        for width in WIDTHS:
            self.width = width
            if self.parameters(largest) <= max_parameters:
                return
        raise no_room(name, self.parameters(largest), max_parameters)

    def sample(self, rng: random.Random) -> Cell:
        """Draw each operator uniformly."""
        return tuple(rng.choice(self.operators) for _ in EDGES)

    def mutate(self, point: Cell, rng: random.Random) -> tuple[Cell, str]:
        """Change one operator, so that another network comes out; `connect`, `cut` or `swap` says how.

        There is always such an edit: the edge from the input to the output is never without effect.
        """
        before = self.key(point)
        edits = [(edge, op) for edge in range(len(EDGES)) for op in self.operators if op != point[edge]]
        rng.shuffle(edits)
        for edge, op in edits:
            changed = (*point[:edge], op, *point[edge + 1 :])
            if self.key(changed) != before:
                return changed, "connect" if point[edge] == NONE else "cut" if op == NONE else "swap"
        raise AssertionError("no edit of the direct edge changed the network")

    def legal(self, point: Cell) -> bool:
        """Return whether `point` has an operator of the space on each edge."""
        return len(point) == len(EDGES) and all(op in self.operators for op in point)

    def encode(self, point: Cell) -> str:
        """Return the cell as a line: `|conv3x3~0|+|skip~0|none~1|+|none~0|conv1x1~1|skip~2|`."""
        arriving: list[list[str]] = [[], [], []]
        for op, (source, target) in zip(point, EDGES, strict=True):
            arriving[target - 1].append(f"{op}~{source}")
        return "+".join(f"|{'|'.join(edges)}|" for edges in arriving)

    def decode(self, text: str) -> Cell | None:
        """Return the cell of an encoding, blanks aside, None where it is none."""
        if len(text) > _LONGEST_TEXT:
            return None
        text = "".join(text.split())
        point = tuple(op for op, _ in _EDGE.findall(text))
        return point if self.legal(point) and self.encode(point) == text else None

    def key(self, point: Cell) -> str:
        """Return the wiring as a line: `a=conv3x3(x); b=conv1x1(a+x); b`."""
        return wire(point).text

    def render(self, point: Cell) -> str:
        """Return the program of the cell's network."""
        widths = [self.width << stage for stage in range(self.reductions + 1)]
        features = [f"nn.Conv2d(in_shape[1], {widths[0]}, 3, padding=1, bias=False)"]
        features += [f"nn.BatchNorm2d({widths[0]})", f"Cell({widths[0]})"]
        for narrow, wide in itertools.pairwise(widths):
            features += [f"conv({narrow}, {wide}, 3, stride=2)", f"Cell({wide})"]
        features += [f"nn.BatchNorm2d({widths[-1]})", "nn.ReLU()"]
        return module_source([_CONV, _cell_class(wire(point))], features, widths[-1])

    def points(self) -> list[Cell]:
        """Return every cell, in a fixed order: 729 of three operators, 15,625 of five."""
        return list(itertools.product(self.operators, repeat=len(EDGES)))

    def by_program(self) -> dict[str, Cell]:
        """Return a cell for each program of the space, by the program's content id."""
        return {content_id(self.render(point)): point for point in reversed(self.points())}

    def parameters(self, point: Cell) -> int:
        """Return the trainable parameters of the point's network."""
        widths = [self.width << stage for stage in range(self.reductions + 1)]
        kernels = [KERNELS[term.op] for _, term in wire(point).terms if term.op in KERNELS]
        count = conv_parameters(self._shape.channels, widths[0], 3)
        count += sum(conv_parameters(width, width, kernel) for width in widths for kernel in kernels)
        count += sum(conv_parameters(narrow, 2 * narrow, 3) for narrow in widths[:-1])
        return count + 2 * widths[-1] + classifier_parameters(widths[-1], self._shape.classes)

    def vocabulary(self) -> tuple[str, ...]:
        """Return the operators."""
        return self.operators

    def operations(self, point: Cell) -> tuple[str, ...]:
        """Return the operators on the six edges, those without effect too."""
        return point

    def compose(self, pick: Pick) -> Cell:
        """Return the cell whose operators are picked edge by edge, in the order of the encoding."""
        point: Cell = ()
        while len(point) < len(EDGES):
            point = (*point, pick(self._begun(point), self.operators))
        return point

    def _begun(self, point: Cell) -> str:
        """Return the encoding of a cell up to the operator that comes next."""
        place = (*point, "?", *(NONE,) * (len(EDGES) - len(point) - 1))
        return self.encode(place).partition("?")[0]

    def describe(self) -> str:
        """Return what there is to know in order to write a cell."""
        meanings = "\n".join(f"- {op}: {_MEANINGS[op]}" for op in self.operators)
        example = self.encode(tuple(self.operators[index % len(self.operators)] for index in range(6)))
        return (
            "A network repeats one cell of four nodes. Node 0 is the cell's input, node 3 its output. Each "
            "node is the sum of all earlier nodes, each through an operator of its own:\n"
            f"{meanings}\n"
            "A cell is one line. Its three groups are nodes 1, 2 and 3; in a group stand an operator and the "
            f"node that it takes, for every earlier node:\n{example}"
        )


def _cell_class(wiring: Wiring) -> str:
    """Return the class `Cell(width)`: images `(B, width, h, w)` to images of the same shape."""
    setup, body = [], []
    for name, term in wiring.terms:
        if term.op == POOL:
            module = "pool"
            line = "        self.pool = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)"
        else:
            module = f"conv_{name}"
            line = f"        self.{module} = conv(width, width, {KERNELS[term.op]})"
        setup += [] if line in setup else [line]
        body.append(f"        {name} = self.{module}({' + '.join(term.takes)})")
    result = " + ".join(wiring.gives) or f"torch.zeros_like({INPUT})"
    head = ["class Cell(nn.Module):", "    def __init__(self, width):", "        super().__init__()"]
    return "\n".join([*head, *setup, "", "    def forward(self, x):", *body, f"        return {result}"])
