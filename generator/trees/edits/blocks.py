"""Well-known blocks as nodes, to be put in whole.

    plain       convolution, batch normalisation, ReLU
    residual    two convolutions and a shortcut: He et al., CVPR 2016
    preact      the same with what activates in front: He et al., ECCV 2016
    bottleneck  narrowed, convolved, widened, and a shortcut: He et al., CVPR 2016
    inverted    widened, depthwise, narrowed, and a shortcut: Sandler et al., CVPR 2018
    separable   depthwise, then 1x1: Howard et al., 2017
    excited     residual, with squeeze-and-excitation: Hu et al., CVPR 2018
    inception   a 1x1 and a 3x3 convolution side by side, after Szegedy et al., CVPR 2015

Where a block changes channels or sides its shortcut gets an adaptor. This module does *not* choose blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from generator.trees.nodes import Composite, Module, Node, Sequence, Value, sequence

Block = Callable[[int, int], Sequence]
"""Returns the nodes of a block: called with the channels that leave it, and its stride."""

NORM, RELU, RELU6 = Module("batch_norm"), Module("relu"), Module("relu6")


def squeeze_and_excitation(divisor: str) -> Node:
    """Return a gate on channels, narrowed inside by a word for a width: `/4`."""
    narrow, wide = _conv(divisor, 1), _conv("same", 1)
    inner = (Module("pool"), narrow, RELU, wide, Module("sigmoid"))
    return Composite("gate", (sequence(inner),))


def spatial_gate(kernel: int) -> Node:
    """Return a gate on places, by one convolution: after Woo et al., ECCV 2018."""
    return Composite("gate", (sequence((_conv(1, kernel), Module("sigmoid"))),))


def residual(*nodes: Node) -> Composite:
    """Return nodes in a row with a shortcut around them."""
    return Composite("residual", (sequence(nodes),))


def _conv(width: Value, kernel: int = 3, stride: int = 1) -> Module:
    return Module("conv", (("width", width), ("kernel", kernel), ("stride", stride)))


def _depthwise(stride: int) -> Module:
    return Module("depthwise", (("stride", stride),))


def _plain(width: int, stride: int) -> Sequence:
    return _conv(width, 3, stride), NORM, RELU


def _residual(width: int, stride: int) -> Sequence:
    return residual(_conv(width, 3, stride), NORM, RELU, _conv(width), NORM), RELU


def _preact(width: int, stride: int) -> Sequence:
    return (residual(NORM, RELU, _conv(width, 3, stride), NORM, RELU, _conv(width)),)


def _bottleneck(width: int, stride: int) -> Sequence:
    inner = (_conv("/4", 1), NORM, RELU, _conv("/4", 3, stride), NORM, RELU, _conv(width, 1), NORM)
    return residual(*inner), RELU


def _inverted(width: int, stride: int) -> Sequence:
    inner = (_conv("x4", 1), NORM, RELU6, _depthwise(stride), NORM, RELU6, _conv(width, 1), NORM)
    return (residual(*inner),)


def _separable(width: int, stride: int) -> Sequence:
    return _depthwise(stride), NORM, RELU, _conv(width, 1), NORM, RELU


def _excited(width: int, stride: int) -> Sequence:
    gate = squeeze_and_excitation("/4")
    return residual(_conv(width, 3, stride), NORM, RELU, _conv(width), NORM, gate), RELU


def _inception(width: int, stride: int) -> Sequence:
    half = max(width // 2, 1)
    ways = [
        sequence((_conv(part, kernel, stride), NORM, RELU)) for part, kernel in ((width - half, 3), (half, 1))
    ]
    return (Composite("branches", tuple(ways), "cat"),) if width > 1 else _plain(width, stride)


BLOCKS: Mapping[str, Block] = {
    "plain block": _plain,
    "residual block": _residual,
    "preact block": _preact,
    "bottleneck block": _bottleneck,
    "inverted block": _inverted,
    "separable block": _separable,
    "excited block": _excited,
    "inception block": _inception,
}
"""All blocks by their names, in a fixed order."""
