"""The words of the grammar: widths, names, activations, normalisations, and one program's taste among them.

The weights are broad on purpose: saturating activations and missing normalisation are as much part of the
language as good practice, so that programs differ widely in quality on any task.

This module does *not* know layers' shapes or the order of a program's parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generator.grammar.derivation import Choices
from generator.grammar.layers import Step, norm

WIDTHS: Mapping[int, float] = {4: 2, 8: 4, 12: 3, 16: 6, 24: 4, 32: 6, 48: 2.5, 64: 2.5, 96: 0.7}
"""Channel numbers and how often they are drawn."""

HIDDEN_WIDTHS: Mapping[int, float] = {16: 2, 32: 4, 48: 2, 64: 4, 96: 2, 128: 2}
"""Widths of hidden linear layers."""

ACTIVATIONS: Mapping[tuple[str, str], float] = {
    ("nn.ReLU()", "F.relu({x})"): 6,
    ("nn.GELU()", "F.gelu({x})"): 2,
    ("nn.SiLU()", "F.silu({x})"): 2,
    ("nn.LeakyReLU(0.1)", "F.leaky_relu({x}, 0.1)"): 1.5,
    ("nn.ELU()", "F.elu({x})"): 1.5,
    ("nn.Hardswish()", "F.hardswish({x})"): 1,
    ("nn.Mish()", "F.mish({x})"): 0.7,
    ("nn.Tanh()", "torch.tanh({x})"): 2,
    ("nn.Sigmoid()", "torch.sigmoid({x})"): 1.2,
    ("nn.Softplus()", "F.softplus({x})"): 0.6,
    ("nn.Softsign()", "F.softsign({x})"): 1,
}
"""(module, functional form) of the activations."""

NORMS: Mapping[str, float] = {"none": 2.5, "batch": 5.5, "group": 1.5, "instance": 1}

ATTRIBUTE_NAMES: Mapping[str, tuple[str, ...]] = {
    "conv": ("conv", "c", "cv", "k"),
    "point": ("pw", "point", "proj"),
    "depth": ("dw", "depth", "spatial"),
    "norm": ("norm", "bn", "nm"),
    "act": ("act", "fn", "nl"),
    "pool": ("pool", "down", "mp"),
    "drop": ("drop", "dropout", "do"),
    "block": ("block", "stage", "b", "layer"),
    "list": ("blocks", "stages", "units"),
    "branch": ("branch", "path", "p", "arm"),
    "skip": ("skip", "short", "res"),
    "gate": ("gate", "se", "att"),
    "linear": ("fc", "lin", "dense"),
    "output": ("head", "out", "cls", "last"),
    "body": ("body", "seq", "main"),
    "features": ("features", "trunk", "net", "backbone"),
    "classifier": ("classifier", "top", "mlp"),
}
"""Stems of attribute names by role; no stem serves two roles."""

CLASS_NAMES: Mapping[str, tuple[str, ...]] = {
    "plain": ("ConvBlock", "Unit", "Cell", "ConvAct"),
    "residual": ("ResBlock", "Residual", "SkipUnit", "AddBlock"),
    "inception": ("Inception", "Mixed", "MultiPath", "Branches"),
    "depthwise": ("Separable", "DWConv", "DepthBlock", "LightConv"),
    "squeeze_excite": ("SEBlock", "Squeeze", "Gate", "ChannelAtt"),
    "dense": ("DenseBlock", "Grow", "DenseUnit", "Concat"),
    "bottleneck": ("Bottleneck", "Narrow", "Inverted", "MidBlock"),
    "mlp": ("MLPLayer", "FCBlock", "Dense", "LinBlock"),
}

CHANNEL_PAIRS = (("cin", "cout"), ("a", "b"), ("inp", "oup"), ("n_in", "n_out"), ("ci", "co"))


class Names:
    """Attribute names of one class: one stem for each role, numbered where the role occurs more than once.

    Args:
        choices: Chooses the stems.
        roles: The roles of all attributes of the class, with repetition.
    """

    def __init__(self, choices: Choices, roles: Iterable[str]) -> None:
        self._totals = Counter(roles)
        self._stems = {
            role: choices.choice(f"name of {role}", ATTRIBUTE_NAMES[role]) for role in self._totals
        }
        self._used: Counter[str] = Counter()

    def next(self, role: str) -> str:
        """Return the next free name for `role`."""
        self._used[role] += 1
        return self._stems[role] + (str(self._used[role]) if self._totals[role] > 1 else "")


@dataclass(frozen=True)
class Taste:
    """What one program prefers throughout: its activation, its normalisation and how they are written."""

    activation: tuple[str, str]
    norm_kind: str
    norm_groups: int
    functional: bool
    bias: bool

    def act(self) -> Step:
        """Return the activation as a step."""
        module, functional = self.activation
        if self.functional:
            return Step((module,), (), functional)
        return Step((module,), (("act", module),), "self.{0}({x})")

    def norm(self, width: str) -> tuple[Step, ...]:
        """Return the normalisation over `width` channels as no or one step."""
        return norm(self.norm_kind, width, self.norm_groups)


def draw_taste(choices: Choices) -> Taste:
    """Choose a program's taste."""
    norm_kind = choices.pick("norm", NORMS)
    return Taste(
        activation=choices.pick("activation", ACTIVATIONS),
        norm_kind=norm_kind,
        norm_groups=choices.pick("groups of a norm", {1: 1, 2: 2, 4: 2}),
        functional=choices.chance("functional", 0.6),
        bias=norm_kind == "none" or choices.chance("bias", 0.5),
    )
