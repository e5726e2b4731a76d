"""The supernet: the network of a cell space with all operators on all edges, of which one path is used.

Its skeleton is that of the programs which the space writes: stem, cells, strided convolutions between them,
mean over the image, scores. Only convolutions have weights, one for each stage, edge and kernel. This module
does *not* train.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from corpus.records.tasks.shape import TaskShape
from evaluator.supernet.config import SupernetConfig

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""From which node to which; a cell is an operator for each, in this order."""

_KERNELS = {"conv1x1": 1, "conv3x3": 3}
_OPERATORS = {"none", "skip", "pool3x3", *_KERNELS}


class _Convolution(nn.Sequential):
    """ReLU, convolution without bias, batch normalisation: `(B, inputs, h, w)` to `(B, outputs, h', w')`."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        super().__init__(nn.ReLU(), convolution, nn.BatchNorm2d(outputs))


class _SharedCell(nn.Module):
    """All cells of one stage: images `(B, width, h, w)` to images of the same shape."""

    def __init__(self, width: int, operators: Sequence[str]) -> None:
        super().__init__()
        self.choices = nn.ModuleList(
            nn.ModuleDict(
                {op: _Convolution(width, width, _KERNELS[op]) for op in operators if op in _KERNELS}
            )
            for _ in EDGES
        )

    def forward(self, x: Tensor, cell: Sequence[str]) -> Tensor:
        nodes: list[Tensor | None] = [x, None, None, None]
        for op, (source, target), choices in zip(cell, EDGES, self.choices, strict=True):
            taken = nodes[source]
            if op == "none" or taken is None:
                continue
            if op == "pool3x3":
                value = functional.avg_pool2d(taken, 3, 1, 1, count_include_pad=False)
            else:
                value = taken if op == "skip" else choices[op](taken)
            before = nodes[target]
            nodes[target] = value if before is None else before + value
        result = nodes[3]
        return torch.zeros_like(x) if result is None else result


class Supernet(nn.Module):
    """All networks of a cell space.

    Args:
        config: Operators, width and reductions.
        shape: The task.
    """

    def __init__(self, config: SupernetConfig, shape: TaskShape) -> None:
        super().__init__()
        unknown = set(config.operators) - _OPERATORS
        if unknown:
            raise ValueError(f"a supernet knows no operator {', '.join(sorted(unknown))}")
        widths = [config.width << stage for stage in range(config.reductions + 1)]
        first = nn.Conv2d(shape.channels, widths[0], 3, padding=1, bias=False)
        self.stem = nn.Sequential(first, nn.BatchNorm2d(widths[0]))
        self.cells = nn.ModuleList(_SharedCell(width, config.operators) for width in widths)
        self.reductions = nn.ModuleList(
            _Convolution(narrow, wide, 3, stride=2) for narrow, wide in itertools.pairwise(widths)
        )
        self.last = nn.Sequential(nn.BatchNorm2d(widths[-1]), nn.ReLU())
        self.classifier = nn.Linear(widths[-1], shape.classes)

    def forward(self, images: Tensor, cell: Sequence[str]) -> Tensor:
        """Return scores `(B, classes)` of images `(B, C, H, W)` through one cell's path."""
        x = self.cells[0](self.stem(images), cell)
        for reduction, shared in zip(self.reductions, list(self.cells)[1:], strict=True):
            x = shared(reduction(x), cell)
        return self.classifier(self.last(x).mean((2, 3)))
