"""A library with mined modules as they come from a probe: some are carried, some imported."""

from __future__ import annotations

from types import MappingProxyType

from generator.trees.nodes import Module, Value
from generator.trees.primitives import PRIMITIVES
from generator.trees.specs import Library, ModuleSpec, Shape

CARRIED = """\
import torch.nn as nn
from torch.nn import functional as func


def padding_1a2b3c4d(kernel, *, scale=1):
    return kernel // 2 * scale


class ConvNormAct_1a2b3c4d(nn.Module):
    def __init__(self, in_chs, out_chs, kernel=3, act=True):
        super().__init__()
        self.conv = nn.Conv2d(in_chs, out_chs, kernel, padding=padding_1a2b3c4d(kernel))
        self.scale = nn.Parameter(func.relu(self.conv.weight.mean()))
        self.act = act

    def forward(self, x):
        y = self.conv(x.transpose(2, 3)).transpose(2, 3) * self.scale
        return func.gelu(y) if self.act else y
"""


SQUARE = """\
import torch as func


class Square_5e6f7a8b(func.nn.Module):
    def forward(self, x):
        return func.square(x)
"""
"""It calls something `func` that is another thing in `CARRIED`."""


def _infer(shape: Shape, module: Module) -> Shape | None:
    wide, kernel, act = (module.get(name) for name in ("out_chs", "kernel", "act"))
    return None if shape.flat or (kernel, act) == (5, False) else Shape(int(str(wide)), *shape[1:])


def _count(shape: Shape, module: Module) -> int:
    wide, kernel = int(str(module.get("out_chs"))), int(str(module.get("kernel")))
    return shape.channels * wide * kernel**2 + wide + 1


def _write(shape: Shape, module: Module) -> str:
    values = {name: module.get(name) for name in ("out_chs", "kernel", "act")}
    if (values["kernel"], values["act"]) == (5, False):
        raise ValueError("it was not probed so")
    named = ", ".join(f"{name}={value!r}" for name, value in values.items())
    return f"ConvNormAct_1a2b3c4d(in_chs={shape.channels}, {named})"


def _like(shape: Shape, _: Module) -> Shape | None:
    return None if shape.flat else shape


def _mined(name: str, written: str, choices: dict[str, tuple[Value, ...]], text: str = "") -> ModuleSpec:
    def write(_: Shape, module: Module) -> str:
        return written.format(**{key: repr(module.get(key)) for key in choices})

    return ModuleSpec(
        name,
        "activation",
        _like,
        write,
        MappingProxyType(choices),
        count=lambda *_: 0,
        text=text,
        primitive=False,
    )


CONV_NORM_ACT = ModuleSpec(
    "ConvNormAct-1a2b3c4d",
    "block",
    _infer,
    _write,
    MappingProxyType({"kernel": (3, 5), "act": (True, False)}),
    width="out_chs",
    count=_count,
    text=CARRIED,
    primitive=False,
)

LIBRARY = Library(
    (
        *PRIMITIVES,
        CONV_NORM_ACT,
        _mined("nn.CELU", "nn.CELU(alpha={alpha})", {"alpha": (1.0, 0.5)}),
        _mined(
            "torch.nn.modules.activation.Hardshrink",
            "torch.nn.modules.activation.Hardshrink(lambd={lambd})",
            {"lambd": (0.5, 0.1)},
            "import torch.nn.modules.activation\n",
        ),
        _mined("Square-5e6f7a8b", "Square_5e6f7a8b()", {}, SQUARE),
    )
)
