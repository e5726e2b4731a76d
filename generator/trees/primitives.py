"""Our own primitives: the modules of torch that every tree may be made of, with exact counts of parameters.

    conv depthwise                                                          convolutions
    batch_norm group_norm layer_norm instance_norm                          normalisations
    relu relu6 leaky_relu prelu elu selu gelu silu mish softplus
    hardswish hardsigmoid sigmoid tanh                                      activations
    max_pool avg_pool pool upsample                                         sides
    dropout dropout2d channel_shuffle identity                              the rest over images
    mean max flatten                                                        from images to features
    linear classifier                                                       over features

`layer_norm` is over channels and places at once: a group normalisation of one group; over features it is
torch's. `pool` is adaptive, to a size. `classifier` gives the scores; over images it is a 1x1 convolution,
and what follows it must lead to the scores.

Squeeze-and-excitation and the like are composites (`generator.trees.nodes`), no primitives. This module does
*not* choose values: which arguments are worth a try is our choice, listed in each spec's `choices`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from generator.trees.nodes import Module
from generator.trees.pointwise import POINTWISE, plain, spec
from generator.trees.sliding import MAX_NUMBER, SLIDING, call, number
from generator.trees.specs import MAX_WIDTH, Library, ModuleSpec, Shape

MAX_FEATURES = 65_536
"""Most features that `flatten` makes of images; our choice."""


def _to_size(shape: Shape, module: Module) -> Shape | None:
    size = number(module, "size")
    if shape.flat or not 1 <= size <= min(shape.height, shape.width) or module.get("by") not in _ADAPTIVE:
        return None
    return Shape(shape.channels, size, size)


_ADAPTIVE = {"mean": "nn.AdaptiveAvgPool2d", "max": "nn.AdaptiveMaxPool2d"}


def _larger(shape: Shape, module: Module) -> Shape | None:
    factor = number(module, "factor")
    if shape.flat or not 2 <= factor <= MAX_NUMBER or max(shape.height, shape.width) * factor > MAX_WIDTH:
        return None
    return Shape(shape.channels, shape.height * factor, shape.width * factor)


_SIDES = (
    spec(
        "pool",
        "pooling",
        lambda _, module: call(_ADAPTIVE[str(module.get("by"))], module.get("size")),
        {"size": (1, 2, 4), "by": ("mean", "max")},
        infer=_to_size,
    ),
    spec(
        "upsample",
        "pooling",
        lambda _, module: f"nn.Upsample(scale_factor={module.get('factor')})",
        {"factor": (2,)},
        infer=_larger,
    ),
)


def _to_features(shape: Shape, _: Module) -> Shape | None:
    return None if shape.flat else Shape(shape.channels)


def _flattened(shape: Shape, _: Module) -> Shape | None:
    features = shape.channels * shape.height * shape.width
    return Shape(features) if 0 < features <= MAX_FEATURES else None


_REDUCTIONS = (
    spec("mean", "reduction", lambda *_: "nn.AdaptiveAvgPool2d(1), nn.Flatten()", infer=_to_features),
    spec("max", "reduction", lambda *_: "nn.AdaptiveMaxPool2d(1), nn.Flatten()", infer=_to_features),
    spec("flatten", "reduction", plain("nn.Flatten"), infer=_flattened),
)


def _linear_infer(shape: Shape, module: Module) -> Shape | None:
    return Shape(number(module, "width")) if shape.flat and number(module, "width") else None


def _linear_count(shape: Shape, module: Module) -> int:
    return (shape.channels + (1 if module.get("bias") else 0)) * number(module, "width")


def _linear_write(shape: Shape, module: Module) -> str:
    return call("nn.Linear", shape.channels, module.get("width"), bias=(module.get("bias"), True))


def _scores(shape: Shape, module: Module) -> Shape | None:
    return shape._replace(channels=number(module, "classes"))


def _classifier_write(shape: Shape, _: Module) -> str:
    if shape.flat:
        return f"nn.Linear({shape.channels}, out_shape[0])"
    return f"nn.Conv2d({shape.channels}, out_shape[0], 1)"


_FEATURES = (
    replace(
        spec(
            "linear",
            "linear",
            _linear_write,
            {"bias": (True, False)},
            infer=_linear_infer,
            count=_linear_count,
        ),
        width="width",
    ),
    spec(
        "classifier",
        "classifier",
        _classifier_write,
        infer=_scores,
        count=lambda shape, module: (shape.channels + 1) * number(module, "classes"),
    ),
)

PRIMITIVES: tuple[ModuleSpec, ...] = (*SLIDING, *POINTWISE, *_SIDES, *_REDUCTIONS, *_FEATURES)
"""All primitives, in a fixed order."""


def primitives() -> Library:
    """Return the library of the primitives alone."""
    return Library(PRIMITIVES)


def with_mined(mined: Iterable[ModuleSpec]) -> Library:
    """Return the primitives and mined modules, but for torch's own classes that a primitive is already."""
    known = {name for spec in PRIMITIVES for name in _torch_names(spec)}
    return Library([*PRIMITIVES, *(spec for spec in mined if spec.name not in {*known, *primitives()})])


def _torch_names(spec: ModuleSpec) -> set[str]:
    """Return the classes that a primitive is built as, under any of its settings: `nn.ReLU`."""
    ways = [(), *(((name, value),) for name, values in spec.choices.items() for value in values)]
    written = [
        spec.write(shape, spec.settled(Module(spec.name, way), shape.channels, 2))
        for shape in (Shape(8, 8, 8), Shape(8))
        for way in ways
    ]
    return set(re.findall(r"nn\.\w+", " ".join(written)))
