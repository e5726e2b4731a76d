"""Our primitives against torch: shapes, parameters, and what they refuse, for settings that are offered."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest

from generator.trees.nodes import Module, Value
from generator.trees.primitives import PRIMITIVES, with_mined
from generator.trees.specs import MAX_WIDTH, ModuleSpec, Shape, width_number, width_word

ENTERING = [Shape(8, 7, 9), Shape(4, 2, 2), Shape(16, 1, 1), Shape(1, 5, 4), Shape(6, 3, 8), Shape(12)]
CLASSES = 5


def settings(spec: ModuleSpec) -> Iterator[Module]:
    widths: list[Value] = [None] if spec.width is None else [8, "same", "/2"]
    ways = list(itertools.product(widths, *spec.choices.values()))
    for width, *values in random.Random(0).sample(ways, min(len(ways), 60)):
        given = [] if spec.width is None else [(spec.width, width)]
        yield Module(spec.name, (*given, *zip(spec.choices, values, strict=True)))


def built(expression: str) -> Any:
    import torch
    from torch import nn

    names = {"nn": nn, "torch": torch, "out_shape": (CLASSES,)}
    return eval(f"nn.Sequential({expression})", names)


@pytest.mark.parametrize("spec", PRIMITIVES, ids=lambda spec: spec.name)
def test_shapes_and_parameters_are_those_of_torch(spec: ModuleSpec) -> None:
    """In training, with a batch of one image, which is what breaks normalisations."""
    import torch

    taken = 0
    for shape, module in itertools.product(ENTERING, settings(spec)):
        settled = spec.settled(module, shape.channels, CLASSES)
        leaving = spec.infer(shape, settled)
        if leaving is None:
            continue
        taken += 1
        net = built(spec.write(shape, settled)).train()
        left = net(torch.rand(1, *((shape.channels,) if shape.flat else shape)))
        assert tuple(left.shape[1:]) == ((leaving.channels,) if leaving.flat else tuple(leaving)), (
            shape,
            module,
        )
        assert spec.count is not None
        assert spec.count(shape, settled) == sum(each.numel() for each in net.parameters())
    assert taken >= 1


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("conv", {"width": 8, "groups": 3}, Shape(8, 4, 4)),
        ("conv", {"width": 8}, Shape(8)),
        ("conv", {"width": 8, "kernel": 5, "padded": False}, Shape(8, 4, 4)),
        ("conv", {"width": 8, "kernel": 0}, Shape(8, 4, 4)),
        ("conv", {"width": 8, "stride": -1}, Shape(8, 4, 4)),
        ("batch_norm", {}, Shape(8, 1, 1)),
        ("batch_norm", {}, Shape(8)),
        ("group_norm", {"groups": 3}, Shape(8, 4, 4)),
        ("instance_norm", {}, Shape(8, 1, 1)),
        ("max_pool", {}, Shape(8, 1, 1)),
        ("pool", {"size": 4}, Shape(8, 3, 5)),
        ("pool", {"by": "median"}, Shape(8, 3, 5)),
        ("dropout", {"p": 1.0}, Shape(8)),
        ("linear", {"width": 8}, Shape(8, 4, 4)),
        ("mean", {}, Shape(8)),
        ("flatten", {}, Shape(4096, 32, 32)),
    ],
)
def test_what_torch_would_not_bear_is_refused(name: str, arguments: dict[str, Any], shape: Shape) -> None:
    spec = next(each for each in PRIMITIVES if each.name == name)
    assert spec.infer(shape, spec.settled(Module(name, tuple(arguments.items())), shape.channels, 5)) is None


def test_words_for_widths_follow_what_enters() -> None:
    assert [width_number(word, 12) for word in ("same", "x4", "/4", "/16", 7)] == [12, 48, 3, 1, 7]
    assert [width_number(wrong, 12) for wrong in (0, -1, MAX_WIDTH + 1, True, None, "x5", 2.0)] == [None] * 7
    assert [width_word(width, 12) for width in (12, 24, 6, 3, 1, 5)] == ["same", "x2", "/2", "/4", "/8", 5]


def test_torchs_classes_that_a_primitive_is_are_not_taken_twice() -> None:
    def spec(name: str) -> ModuleSpec:
        return ModuleSpec(name, "block", lambda shape, _: shape, lambda *_: f"{name}()", primitive=False)

    known = ["nn.ReLU", "nn.Conv2d", "nn.AdaptiveMaxPool2d", "nn.LayerNorm", "conv"]
    library = with_mined(map(spec, [*known, "nn.Hardtanh", "Block-1a2b3c4d"]))
    assert list(library) == [*(each.name for each in PRIMITIVES), "nn.Hardtanh", "Block-1a2b3c4d"]
    assert library["conv"].primitive
