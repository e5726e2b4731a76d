"""Trees to start a search from: small networks of the well-known families, as large as a cap allows.

    resnet       residual blocks, each stage at half the resolution (He et al., CVPR 2016)
    vgg          plain convolutions between max poolings, a hidden layer (Simonyan and Zisserman, ICLR 2015)
    mobilenet    inverted bottlenecks (Sandler et al., CVPR 2018)
    densenet     layers that see all earlier ones (Huang et al., CVPR 2017)
    squeezenet   fire modules: squeezed, then two kernels side by side (Iandola et al., 2016)

`resnet` with 16 channels and five blocks a stage is the ResNet-32 that the published search starts from.
Where the cap or the images are smaller, first the widths come down, then the blocks, then the stages. This
module does *not* say which of them is good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from corpus.records.tasks.shape import TaskShape
from generator.trees.canonical import canonical
from generator.trees.encoding import decode
from generator.trees.nodes import Tree
from generator.trees.shapes import lay_out
from generator.trees.specs import Library

WIDTHS = (16, 12, 8, 4)
"""Channels of the first stage, tried in this order; the first is that of ResNet-32, the others our choice."""

BLOCKS = (5, 3, 2, 1)
"""Blocks of a stage, tried in this order; likewise."""

MOST_STAGES = 3
SMALLEST_MAP = 3
"""Pixels of the shorter side of the last stage's images; our choice."""

Write = Callable[[int, int, int], str]
"""Returns a tree as text, for the channels of its first stage, its blocks a stage, and its stages."""


def _resnet(width: int, blocks: int, stages: int) -> str:
    block = "residual(conv batch_norm relu conv batch_norm) relu"
    first = f"{blocks}x[{block}]" if blocks > 1 else block
    rows = [f"conv({width}) batch_norm relu", first]
    for _ in range(1, stages):
        down = (
            "residual(conv(x2, stride=2) batch_norm relu conv(x2) batch_norm; "
            "conv(x2, kernel=1, stride=2) batch_norm) relu"
        )
        rows.append(_row(down, _times(block, blocks - 1)))
    return _tree(rows, "mean classifier")


def _vgg(width: int, blocks: int, stages: int) -> str:
    rows = [""]
    for stage in range(stages):
        channels = width << stage
        plain = "conv batch_norm relu"
        rows.append(
            _row(
                "max_pool" if stage else "",
                f"conv({channels}) batch_norm relu",
                _times(plain, min(blocks, 3) - 1),
            )
        )
    return _tree(rows, f"max linear({4 * width}) relu dropout(0.5) classifier")


def _mobilenet(width: int, blocks: int, stages: int) -> str:
    inside = "batch_norm relu6 depthwise{} batch_norm relu6 conv({}, kernel=1) batch_norm"
    same = "residual(conv(x4, kernel=1) " + inside.format("", "same") + ")"
    rows = [f"conv({width}) batch_norm relu6", _times(same, blocks)]
    for stage in range(1, stages):
        down = f"conv({(width << stage) * 2}, kernel=1) " + inside.format("(stride=2)", width << stage)
        rows.append(_row(down, _times(same, blocks - 1)))
    return _tree(rows, f"conv({width << stages}, kernel=1) batch_norm relu6 mean classifier")


def _densenet(width: int, blocks: int, stages: int) -> str:
    layer = f"cat(identity; batch_norm relu conv({width}))"
    rows = [f"conv({2 * width})"]
    channels = 2 * width
    for stage in range(stages):
        transition = f"batch_norm relu conv({channels // 2}, kernel=1) avg_pool" if stage else ""
        channels = (channels // 2 if stage else channels) + blocks * width
        rows.append(_row(transition, *[layer] * blocks))
    return _tree(rows, "batch_norm relu mean classifier")


def _squeezenet(width: int, blocks: int, stages: int) -> str:
    rows = [f"conv({2 * width}) batch_norm relu"]
    for stage in range(stages):
        fire = (
            f"conv({width << stage}, kernel=1) batch_norm relu "
            f"cat(conv({width << stage + 1}, kernel=1) batch_norm relu; "
            f"conv({width << stage + 1}) batch_norm relu)"
        )
        rows.append(_row("max_pool(3)" if stage else "", *[fire] * min(blocks, 3)))
    return _tree(rows, "dropout(0.2) mean classifier")


_FAMILIES: Mapping[str, Write] = {
    "resnet": _resnet,
    "vgg": _vgg,
    "mobilenet": _mobilenet,
    "densenet": _densenet,
    "squeezenet": _squeezenet,
}

STARTS = tuple(_FAMILIES)
"""The names of the families."""


def start(name: str, shape: TaskShape, library: Library, *, max_parameters: int) -> Tree | None:
    """Return the largest tree of a family that a cap leaves room for, in canonical form, None where none is.

    Args:
        name: One of `STARTS`.
        shape: The task.
        library: It holds the primitives.
        max_parameters: The most trainable parameters.
    """
    side, most = min(shape.height, shape.width), 1
    while most < MOST_STAGES and side >> most >= SMALLEST_MAP:
        most += 1
    for stages in range(most, 0, -1):
        for blocks in BLOCKS:
            for width in WIDTHS:
                tree = decode(_FAMILIES[name](width, blocks, stages), library)
                layout = lay_out(tree, shape, library) if tree else None
                if tree and layout and not layout.problems and (layout.parameters or 0) <= max_parameters:
                    return canonical(tree, shape, library)
    return None


def starts(shape: TaskShape, library: Library, *, max_parameters: int) -> dict[str, Tree]:
    """Return the starting trees that there is room for, by the names of their families."""
    found = {name: start(name, shape, library, max_parameters=max_parameters) for name in STARTS}
    return {name: tree for name, tree in found.items() if tree is not None}


def _times(node: str, times: int) -> str:
    return f"{times}x[{node}]" if times > 1 else node * times


def _row(*parts: str) -> str:
    return " ".join(filter(None, parts))


def _tree(rows: list[str], head: str) -> str:
    return " | ".join([*rows, head])
