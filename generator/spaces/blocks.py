"""The blocks of the macro space: their classes as text, and how many parameters they have.

Every class is called with (inputs, outputs, kernel, stride), inverted bottlenecks with the expansion behind.
This module does *not* choose blocks.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.spaces.sources import conv_parameters

CONV = """\
def conv(inputs, outputs, kernel, stride=1, groups=1, act=True):
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, nn.ReLU()) if act else nn.Sequential(*layers)
"""

_RESIDUAL = """\
class Residual(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.body = nn.Sequential(
            conv(inputs, outputs, kernel, stride), conv(outputs, outputs, kernel, act=False)
        )
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else conv(inputs, outputs, 1, stride, act=False)

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))
"""

_INVERTED = """\
class Inverted(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride, expansion):
        super().__init__()
        inner = inputs * expansion
        self.body = nn.Sequential(
            conv(inputs, inner, 1),
            conv(inner, inner, kernel, stride, groups=inner),
            conv(inner, outputs, 1, act=False),
        )
        self.same = stride == 1 and inputs == outputs

    def forward(self, x):
        return self.body(x) + x if self.same else self.body(x)
"""

BLOCK_CLASSES: Mapping[str, tuple[str, str]] = {
    "plain": ("conv", ""),
    "residual": ("Residual", _RESIDUAL),
    "inverted": ("Inverted", _INVERTED),
}
"""By the kind of block: what is called, and the class where that is not `conv` itself."""


def block_parameters(
    kind: str, inputs: int, outputs: int, kernel: int, *, stride: int, expansion: int
) -> int:
    """Return the trainable parameters of one block."""
    if kind == "plain":
        return conv_parameters(inputs, outputs, kernel)
    if kind == "residual":
        count = conv_parameters(inputs, outputs, kernel) + conv_parameters(outputs, outputs, kernel)
        same = stride == 1 and inputs == outputs
        return count if same else count + conv_parameters(inputs, outputs, 1)
    inner = inputs * expansion
    depthwise = conv_parameters(inner, inner, kernel, groups=inner)
    return conv_parameters(inputs, inner, 1) + depthwise + conv_parameters(inner, outputs, 1)
