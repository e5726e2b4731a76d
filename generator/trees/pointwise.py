"""Primitives that keep the shape: normalisations, activations, dropout.

Where a normalisation would have one number to take a variance of, for a batch of one image, it refuses: torch
raises there. This module does *not* hold the other primitives: `generator.trees.primitives` does.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.trees.nodes import Module, Value
from generator.trees.sliding import call, number
from generator.trees.specs import Count, Infer, ModuleSpec, Role, Shape, Write


def any_shape(shape: Shape, _: Module) -> Shape | None:
    """Take anything, and keep its shape."""
    return shape


def over_images(shape: Shape, _: Module) -> Shape | None:
    """Take images alone, and keep their shape."""
    return None if shape.flat else shape


def _many_places(shape: Shape, _: Module) -> Shape | None:
    """Over images of more than one pixel: of one image a pixel has no variance to divide by."""
    return shape if shape.height * shape.width > 1 else None


def _chance(infer: Infer) -> Infer:
    def checked(shape: Shape, module: Module) -> Shape | None:
        chance = module.get("p")
        return infer(shape, module) if isinstance(chance, int | float) and 0 <= chance < 1 else None

    return checked


def _no_parameters(_: Shape, __: Module) -> int:
    return 0


def _two_each(shape: Shape, _: Module) -> int:
    return 2 * shape.channels


def spec(
    name: str,
    role: Role,
    write: Write,
    choices: Mapping[str, tuple[Value, ...]] | None = None,
    *,
    infer: Infer = over_images,
    count: Count = _no_parameters,
) -> ModuleSpec:
    """Return the spec of a primitive; by default over images, without arguments and parameters."""
    return ModuleSpec(name, role, infer, write, choices or {}, count=count)


def plain(callee: str) -> Write:
    """Return how a module without arguments is built."""
    return lambda _, __: f"{callee}()"


def _activation(name: str, callee: str) -> ModuleSpec:
    return spec(name, "activation", plain(callee), infer=any_shape)


def _groups_fit(shape: Shape, module: Module) -> Shape | None:
    groups = number(module, "groups")
    if shape.flat or groups < 1 or shape.channels % groups:
        return None
    return shape if shape.channels // groups * shape.height * shape.width > 1 else None


def _layer_norm_infer(shape: Shape, _: Module) -> Shape | None:
    return shape if shape.channels * max(shape.height * shape.width, 1) > 1 else None


def _layer_norm_write(shape: Shape, _: Module) -> str:
    return f"nn.LayerNorm({shape.channels})" if shape.flat else f"nn.GroupNorm(1, {shape.channels})"


def _instance_norm_write(shape: Shape, module: Module) -> str:
    return call("nn.InstanceNorm2d", shape.channels, affine=(module.get("affine"), False))


_NORMALISATIONS = (
    spec(
        "batch_norm",
        "normalisation",
        lambda shape, _: f"nn.BatchNorm2d({shape.channels})",
        infer=_many_places,
        count=_two_each,
    ),
    spec(
        "group_norm",
        "normalisation",
        lambda shape, module: call("nn.GroupNorm", module.get("groups"), shape.channels),
        {"groups": (4, 2, 8)},
        infer=_groups_fit,
        count=_two_each,
    ),
    spec("layer_norm", "normalisation", _layer_norm_write, infer=_layer_norm_infer, count=_two_each),
    spec(
        "instance_norm",
        "normalisation",
        _instance_norm_write,
        {"affine": (True, False)},
        infer=_many_places,
        count=lambda shape, module: 2 * shape.channels if module.get("affine") else 0,
    ),
)


def _slope_fits(shape: Shape, module: Module) -> Shape | None:
    slope = module.get("slope")
    return shape if isinstance(slope, int | float) and abs(slope) <= 1 else None


def _prelu_write(shape: Shape, module: Module) -> str:
    return call("nn.PReLU", *([shape.channels] if module.get("each") else []))


_ACTIVATIONS = (
    _activation("relu", "nn.ReLU"),
    _activation("relu6", "nn.ReLU6"),
    spec(
        "leaky_relu",
        "activation",
        lambda _, module: call(
            "nn.LeakyReLU", *([] if module.get("slope") == 0.01 else [module.get("slope")])
        ),
        {"slope": (0.01, 0.1, 0.2)},
        infer=_slope_fits,
    ),
    spec(
        "prelu",
        "activation",
        _prelu_write,
        {"each": (False, True)},
        infer=any_shape,
        count=lambda shape, module: shape.channels if module.get("each") else 1,
    ),
    _activation("elu", "nn.ELU"),
    _activation("selu", "nn.SELU"),
    _activation("gelu", "nn.GELU"),
    _activation("silu", "nn.SiLU"),
    _activation("mish", "nn.Mish"),
    _activation("softplus", "nn.Softplus"),
    _activation("hardswish", "nn.Hardswish"),
    _activation("hardsigmoid", "nn.Hardsigmoid"),
    _activation("sigmoid", "nn.Sigmoid"),
    _activation("tanh", "nn.Tanh"),
)


def _shuffled(shape: Shape, module: Module) -> Shape | None:
    groups = number(module, "groups")
    return None if shape.flat or groups < 1 or shape.channels % groups else shape


_OTHERS = (
    spec(
        "dropout",
        "regularisation",
        lambda _, module: call("nn.Dropout", module.get("p")),
        {"p": (0.2, 0.1, 0.3, 0.5)},
        infer=_chance(any_shape),
    ),
    spec(
        "dropout2d",
        "regularisation",
        lambda _, module: call("nn.Dropout2d", module.get("p")),
        {"p": (0.1, 0.2, 0.3, 0.5)},
        infer=_chance(over_images),
    ),
    spec(
        "channel_shuffle",
        "block",
        lambda _, module: call("nn.ChannelShuffle", module.get("groups")),
        {"groups": (2, 4, 8)},
        infer=_shuffled,
    ),
    spec("identity", "block", plain("nn.Identity"), infer=any_shape),
)

POINTWISE: tuple[ModuleSpec, ...] = (*_NORMALISATIONS, *_ACTIVATIONS, *_OTHERS)
"""Normalisations, activations and the rest that keeps the shape, as specs."""
