"""Primitives whose windows slide over images: convolutions and poolings.

Where a window is `padded` there are `dilation * (kernel - 1) // 2` pixels of zeros on each side, so that odd
kernels keep the sides at stride 1 and leave `ceil(side / 2)` at stride 2. This module does *not* hold the
other primitives: `generator.trees.primitives` does.
"""

from __future__ import annotations

from generator.trees.nodes import Module, Value
from generator.trees.specs import Infer, ModuleSpec, Role, Shape, Write

MAX_NUMBER = 64
"""Largest kernel, stride or dilation."""

_CONVOLUTION: dict[str, tuple[Value, ...]] = {
    "kernel": (3, 1, 5, 7),
    "stride": (1, 2),
    "groups": (1, 2, 4, 8),
    "dilation": (1, 2),
    "bias": (False, True),
    "padded": (True, False),
}
_DEPTHWISE = {name: choices for name, choices in _CONVOLUTION.items() if name != "groups"}
_POOLING: dict[str, tuple[Value, ...]] = {
    "kernel": (2, 3, 5),
    "stride": (2, 1),
    "padded": (True, False),
    "ceil": (False, True),
}


def call(callee: str, *arguments: object, **keywords: tuple[object, object]) -> str:
    """Return a call as text.

    Args:
        callee: What is called.
        arguments: Arguments by place.
        keywords: Arguments by name, as (value, default); those at their default are left out.
    """
    named = [f"{name}={value!r}" for name, (value, default) in keywords.items() if value != default]
    return f"{callee}({', '.join([*map(str, arguments), *named])})"


def number(module: Module, name: str) -> int:
    """Return an argument that is a whole number; 0 where it is none."""
    value = module.get(name)
    return value if isinstance(value, int) else 0


def _padding(module: Module) -> int:
    if not module.get("padded"):
        return 0
    return (number(module, "dilation") or 1) * (number(module, "kernel") - 1) // 2


def _side(side: int, module: Module) -> int:
    """Return what windows leave of a side; 0 or less where none fits."""
    kernel, stride, padding = number(module, "kernel"), number(module, "stride"), _padding(module)
    reach = (number(module, "dilation") or 1) * (kernel - 1) + 1
    room = side + 2 * padding - reach
    if room < 0:
        return 0
    if not module.get("ceil"):
        return room // stride + 1
    windows = -(-room // stride) + 1
    # torch drops a last window that would begin in the padding on the right.
    return windows - 1 if (windows - 1) * stride >= side + padding else windows


def _slid(shape: Shape, channels: int, module: Module) -> Shape | None:
    sizes = [number(module, name) for name, _ in module.arguments if name in ("kernel", "stride", "dilation")]
    if shape.flat or not all(1 <= size <= MAX_NUMBER for size in sizes):
        return None
    height, width = _side(shape.height, module), _side(shape.width, module)
    return Shape(channels, height, width) if min(height, width) > 0 else None


def _conv_infer(shape: Shape, module: Module) -> Shape | None:
    width, groups = number(module, "width"), number(module, "groups")
    if width < 1 or groups < 1 or shape.channels % groups or width % groups:
        return None
    return _slid(shape, width, module)


def _conv_count(shape: Shape, module: Module) -> int:
    width, window = number(module, "width"), number(module, "kernel") ** 2
    weights = shape.channels // number(module, "groups") * width * window
    return weights + (width if module.get("bias") else 0)


def _conv_write(shape: Shape, module: Module) -> str:
    return call(
        "nn.Conv2d",
        *(shape.channels, module.get("width"), module.get("kernel")),
        stride=(module.get("stride"), 1),
        padding=(_padding(module), 0),
        dilation=(module.get("dilation"), 1),
        groups=(module.get("groups"), 1),
        bias=(module.get("bias"), True),
    )


def _depthwise_count(shape: Shape, module: Module) -> int:
    return shape.channels * (number(module, "kernel") ** 2 + (1 if module.get("bias") else 0))


def _depthwise_write(shape: Shape, module: Module) -> str:
    settings = (*module.arguments, ("width", shape.channels), ("groups", shape.channels))
    return _conv_write(shape, Module("conv", settings))


def _kept_channels(shape: Shape, module: Module) -> Shape | None:
    return _slid(shape, shape.channels, module)


def _pool_write(callee: str) -> Write:
    def write(_: Shape, module: Module) -> str:
        kernel = module.get("kernel")
        return call(
            callee,
            kernel,
            stride=(module.get("stride"), kernel),
            padding=(_padding(module), 0),
            ceil_mode=(module.get("ceil"), False),
        )

    return write


def _pool(name: str, callee: str) -> ModuleSpec:
    return _spec(name, "pooling", _kept_channels, _pool_write(callee), _POOLING)


def _spec(
    name: str, role: Role, infer: Infer, write: Write, choices: dict[str, tuple[Value, ...]]
) -> ModuleSpec:
    return ModuleSpec(name, role, infer, write, choices, count=lambda *_: 0)


SLIDING = (
    ModuleSpec("conv", "convolution", _conv_infer, _conv_write, _CONVOLUTION, "width", _conv_count),
    ModuleSpec(
        "depthwise", "convolution", _kept_channels, _depthwise_write, _DEPTHWISE, None, _depthwise_count
    ),
    _pool("max_pool", "nn.MaxPool2d"),
    _pool("avg_pool", "nn.AvgPool2d"),
)
"""Convolutions and poolings, as specs."""
