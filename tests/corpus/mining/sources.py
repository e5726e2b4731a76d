"""Source code to mine, written into a folder of a test, and what a carried text makes when it is run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from corpus.mining.miner import Miner
from corpus.records.modules.mined import MinedModule

TRACE = 'open({!r}, "a").write(__name__ + "\\n")\n'
"""A line that leaves a trace wherever it is run."""

PACKAGE = {
    "blocks/__init__.py": """
from .norms import Norm as PublicNorm
from .mixing import *
from . import acts
""",
    "blocks/acts.py": '''
import torch.nn.functional as F
from torch import nn

SLOPE = 0.1
ACTS = {}
ACTS["leaky"] = lambda x: F.leaky_relu(x, SLOPE)


def act(x, name="leaky"):
    """Applies what is noted under a name."""
    return ACTS[name](x)


class Unrelated(nn.Module):
    def forward(self, x):
        return x
''',
    "blocks/norms.py": """
import torch.nn as nn
from typing import Optional


def scale(x):
    return x * 2


class Norm(nn.BatchNorm2d):
    def __init__(self, width: int, eps: Optional[float] = 1e-3):
        super().__init__(width, eps=eps)

    def forward(self, x):
        return scale(super().forward(x))
""",
    "blocks/registry.py": """
KNOWN = {}


def register_block(cls):
    KNOWN[cls.__name__] = cls
    return cls
""",
    "blocks/mixing.py": '''
# SPDX-License-Identifier: MIT
"""Blocks that mix."""
from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import torch
from torch.nn import Module

import blocks.acts as named_acts
from blocks import PublicNorm as N
from .acts import act
from .registry import register_block

if TYPE_CHECKING:
    from .nowhere import Wished

__all__ = ["Mix", "Base"]


def scale(x):
    return x * 3


class Base(Module):
    """A base."""

    size: int

    def __init__(self, width: int, *, depth: int = 2, wish: Callable[[], Wished] = None):
        super().__init__()
        self.norm = N(width)

    def extra(self):
        from .norms import scale as twice

        return twice(1)


@register_block
class Mix(Base):
    """Mixes."""

    def forward(self, x: torch.Tensor, other=None) -> torch.Tensor:
        return act(scale(self.norm(x))) + named_acts.SLOPE
''',
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder and return it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def mined(where: Path | str) -> dict[str, MinedModule]:
    """Return the modules of a place by the names of their classes."""
    return {module.name: module for module in Miner().mine(str(where))}


def run(module: MinedModule) -> Any:
    """Run a carried text, which the test wrote itself, and return the class."""
    carried = ModuleType("carried")
    sys.modules["carried"] = carried  # data classes look for their module there
    try:
        exec(compile(module.text, module.location, "exec"), vars(carried))
    finally:
        del sys.modules["carried"]
    return getattr(carried, module.name)
