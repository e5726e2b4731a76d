"""The class of ours around a module that does not take images as they are, or is handed classes.

Channels may have to stand last, or pixels be tokens; and an argument such as `act_layer` may need a class,
which no call in a tree is written with. Then a program calls `Fitted_1a2b3c4d`, which does both. This module
does *not* know what a module does.
"""

from __future__ import annotations

from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import Layout, ModuleProbe
from generator.modules.naming import own_name
from generator.modules.settings import CLASS, Setting

INTO = {
    Layout.FIRST: "x",
    Layout.LAST: "x.permute(0, 2, 3, 1)",
    Layout.TOKENS: "x.flatten(2).transpose(1, 2)",
}
"""How images `x` `(B, C, H, W)` are laid out for a module."""

BACK = {
    Layout.FIRST: "y",
    Layout.LAST: "y.permute(0, 3, 1, 2)",
    Layout.TOKENS: "y.transpose(1, 2).reshape(len(y), -1, *x.shape[2:])",
}
"""How what left a module, `y`, becomes images again."""

_FITTED = """\
import torch.nn as nn


class {name}(nn.Module):
    def __init__(self, **arguments):
        super().__init__()
        self.inner = {inner}({fixed}**arguments)

    def forward(self, x):
        y = self.inner({into})
        return {back}
"""
_DIGITS = 8


def fitted_name(module: MinedModule, probe: ModuleProbe) -> str:
    """Return what a program calls: the module itself, or the class of ours around it."""
    as_it_is = probe.layout is Layout.FIRST and len(offered(probe)) == len(probe.setting)
    return own_name(module) if as_it_is else f"Fitted_{module.id[:_DIGITS]}"


def fitting(module: MinedModule, probe: ModuleProbe) -> str:
    """Return the text of the class of ours around a module, empty where there is none."""
    name, inner = fitted_name(module, probe), own_name(module)
    if name == inner:
        return ""
    classes = {each: value for each, value in probe.setting.items() if each not in offered(probe)}
    fixed = "".join(f"{each}={str(value).removeprefix('$')}, " for each, value in classes.items())
    laid = {"into": INTO[probe.layout], "back": BACK[probe.layout]}
    return _FITTED.format(name=name, inner=inner, fixed=fixed, **laid)


def offered(probe: ModuleProbe) -> Setting:
    """Return the arguments of a setting that a call is written with: all but classes."""
    return {name: value for name, value in probe.setting.items() if not str(value).startswith(CLASS)}
