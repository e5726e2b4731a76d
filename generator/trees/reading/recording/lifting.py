"""Features that become images of one pixel again, as in squeeze-and-excitation with linear layers.

Over images of one pixel a linear layer is a convolution with a kernel of 1, with the same weights, and what
works on features number by number works on pixels. So `mean linear relu linear sigmoid` seen as `(C, 1, 1)`
is `pool(1) conv relu conv sigmoid`. This module does *not* look at a program.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from generator.trees.nodes import Composite, Module, Node, Repeat, Sequence
from generator.trees.reading.errors import NotATreeError

PIXEL = "pixel"
"""Marks, while a program is read, where features are seen as images of one pixel."""

FLATTENED_PIXEL = "flattened_pixel"
"""The name, while a program is read, of a `flatten` that is given images of one pixel."""

_POINTWISE = frozenset(
    [
        "layer_norm",
        "relu",
        "relu6",
        "leaky_relu",
        "prelu",
        "elu",
        "selu",
        "gelu",
        "silu",
        "mish",
        "softplus",
        "hardswish",
        "hardsigmoid",
        "sigmoid",
        "tanh",
        "dropout",
        "identity",
    ]
)


def lifted(nodes: Iterable[Node]) -> Sequence:
    """Return nodes without the marks `PIXEL`, where what stands in front of them can be over pixels.

    Raises:
        NotATreeError: A mark has something in front of it that cannot.
    """
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, Module) and node.name == PIXEL:
            found = _over_pixels(found)
        else:
            found.append(node)
    return tuple(found)


def named(nodes: Sequence) -> Sequence:
    """Return nodes in which a flattening has its own name."""
    return tuple(map(_named, nodes))


def _named(node: Node) -> Node:
    if isinstance(node, Module):
        return replace(node, name="flatten") if node.name == FLATTENED_PIXEL else node
    if isinstance(node, Repeat):
        return Repeat(_named(node.body), node.times)
    return replace(node, children=named(node.children))


def _over_pixels(nodes: list[Node]) -> list[Node]:
    for place in range(len(nodes) - 1, -1, -1):
        node = nodes[place]
        if isinstance(node, Module) and node.name in ("mean", "max", FLATTENED_PIXEL):
            pool = Module("pool", (("size", 1), ("by", node.name)))
            before = nodes[:place] if node.name == FLATTENED_PIXEL else [*nodes[:place], pool]
            return [*before, *map(_over_pixel, nodes[place + 1 :])]
    raise NotATreeError("module", "features become images, and were none before")


def _over_pixel(node: Node) -> Node:
    if isinstance(node, Module):
        if node.name == "linear":
            return Module("conv", (("width", node.get("width")), ("kernel", 1), ("bias", node.get("bias"))))
        if node.name not in _POINTWISE:
            raise NotATreeError("module", f"{node.name} over features that become images")
        return node
    if isinstance(node, Repeat):
        return Repeat(_over_pixel(node.body), node.times)
    return Composite(node.kind, tuple(map(_over_pixel, node.children)), node.join)
