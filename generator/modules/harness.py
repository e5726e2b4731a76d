"""The program that carries a module, for the sandbox to probe: what it finds out, and how it says so.

A program under the LEMUR contract, like any other, whose network passes images of a module's own channels
and side through that module. Before, while it is built, it tries the module: in evaluation mode twice, in
training mode with gradients, with other channels, on images of other sides. Of several settings the first
that works counts. A module that works under none ends the program; of what is merely narrow (channels or
sides that it does not take) the program notes what worked.

All that leaves a probed program's process is its size, its scores' shape, an error, and the graph of its
forward pass. So each row of what it found is the *shape* of an empty tensor, which is added to the scores
and changes nothing there: `generator.modules.findings` reads the rows and takes them out of the graph again.
The network has one parameter that is not the module's, as the contract wants one; nothing around the module
counts FLOPs. This module does *not* run the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corpus.records.modules.mined import MinedModule
from corpus.records.modules.probed import Layout
from generator.modules.fitting import BACK, INTO
from generator.modules.naming import call_of, own_text
from generator.modules.settings import OUT, Setting

MARK = 8_191
"""Begins every row: no layer has so many channels (our choice)."""

OWN_PARAMETERS = 1
"""What the harness adds to a module's parameters."""

LAYOUTS: tuple[Layout | None, ...] = (Layout.FIRST, Layout.LAST, Layout.TOKENS, None)
"""How images are handed to a module, tried in turn; features alone at the end."""

MAIN = (32, 64)
"""Channels that enter and shall leave when a module is measured; where it cannot change them, 32 and 32. Most
group and head sizes divide 32 (our choice)."""

MAIN_SIDE = 16
"""Height and width then, in pixels: other than the channels, so that neither passes for the other."""

PAIRS = ((7, 11), (6, 10), (12, 20), (24, 40), (48, 80))
"""Further channels, tried until some work: the divisors that they have in common are 1, 2, 4, 8, 16."""

SIDES = ((15, 15), (16, 9), (8, 8), (4, 4), (2, 2), (1, 1))
"""Further heights and widths: odd, not square, small."""

COUNTED = ((1, 2), (2, 1), (3, 5), (5, 3), (4, 4), (6, 1), (1, 6), (7, 2))
"""Multiples of the divisor at which parameters are counted, for a formula and to check it."""


class Row(NamedTuple):
    """One thing that a harness tried and that worked.

    Attributes:
        setting: Which of the settings, from 0.
        layout: Which of `LAYOUTS`; their number where parameters were counted and nothing was passed through.
        entering: Channels that entered.
        asked: Channels that were to leave.
        height: Of what entered, in pixels; 1 where it is no image.
        width: Likewise.
        channels: Channels that left.
        out_height: Of what left.
        out_width: Likewise.
        parameters: Trainable parameters of the module.
    """

    setting: int
    layout: int
    entering: int
    asked: int
    height: int
    width: int
    channels: int
    out_height: int
    out_width: int
    parameters: int


def harness(module: MinedModule, settings: Sequence[Setting]) -> str:
    """Return the program that tries a module under settings, until one works.

    Raises:
        SyntaxError: The module's text cannot be parsed.
    """
    imported = "" if module.module in (None, "torch.nn") else f"import {module.module}\n"
    same = (MAIN[0], MAIN[0])
    calls = [f"lambda i, o: {call_of(module, each, 'i', 'o', 'i // 4')}" for each in settings]
    mains = [(MAIN, same) if OUT in each.values() else (same,) for each in settings]
    numbers = (MARK, mains, MAIN_SIDE, PAIRS, SIDES, COUNTED)
    filled = _HARNESS.replace("CALLS", ",\n    ".join(calls)).replace("NUMBERS", repr(numbers))
    return f"{own_text(module)}\n\n{imported}{filled}"


_HARNESS = f'''\
import torch
import torch.nn as nn

MARK, MAINS, MAIN_SIDE, PAIRS, SIDES, COUNTED = NUMBERS
BUILDS = [
    CALLS
]
LAST, TOKENS, FEATURES, NONE = 1, 2, 3, 4


class NotDeterministic(Exception):
    pass


class Unfit(Exception):
    pass


def supported_hyperparameters():
    return {{"lr"}}


class Laid(nn.Module):
    def __init__(self, inner, layout):
        super().__init__()
        self.inner, self.layout = inner, layout

    def forward(self, x):
        if self.layout == LAST:
            return back_from(self.inner({INTO[Layout.LAST]}), 4, lambda y: {BACK[Layout.LAST]})
        if self.layout == TOKENS:
            return back_from(self.inner({INTO[Layout.TOKENS]}), 3, lambda y: {BACK[Layout.TOKENS]})
        return back_from(self.inner(x), x.dim(), lambda y: y)


def back_from(left, rank, back):
    if not isinstance(left, torch.Tensor):
        raise Unfit(f"it returns {{type(left).__name__}}, not a tensor")
    if left.dim() != rank:
        raise Unfit(f"what leaves has the shape {{tuple(left.shape)}}")
    return back(left)


def noise(layout, channels, height=MAIN_SIDE, width=MAIN_SIDE, images=2):
    shape = (images, channels) if layout == FEATURES else (images, channels, height, width)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def built(k, i, o, layout, training=False):
    module = Laid(BUILDS[k](i, o), layout)
    if any(isinstance(each, nn.parameter.UninitializedParameter) for each in module.parameters()):
        raise Unfit("its parameters have no shape before its first pass")
    module.train(training)
    return module


def parameters(module):
    return sum(each.numel() for each in module.parameters() if each.requires_grad)


def trained(module, inputs):
    """One step of back-propagation: some modules bear a forward pass alone."""
    inputs.requires_grad_()
    left = module(inputs * 1)
    if not left.requires_grad:
        raise Unfit("no gradient passes through it")
    left.square().mean().backward()
    if inputs.grad is None:
        raise Unfit("no gradient reaches what entered")
    return left


def tried(k, i, o, layout):
    """The row of a module at the main size; what is wrong with it is raised."""
    with torch.no_grad():
        module = built(k, i, o, layout)
        first, second = (module(noise(layout, i)) for _ in range(2))
    if first.dtype != torch.float32:
        raise Unfit(f"it returns {{first.dtype}}, not torch.float32")
    if len(first) != 2:
        raise Unfit(f"of 2 images it makes {{len(first)}}")
    if not torch.equal(first.nan_to_num(), second.nan_to_num()):
        raise NotDeterministic("two passes in evaluation mode differ")
    left = trained(built(k, i, o, layout, training=True), noise(layout, i, images=4))
    if left.shape[1:] != first.shape[1:]:
        raise Unfit("in training it returns another shape")
    return row(k, layout, i, o, MAIN_SIDE, MAIN_SIDE, first, parameters(module))


def row(k, layout, i, o, height, width, left, count):
    return (k, layout, i, o, height, width, *(*left.shape[1:], 1, 1)[:3], count)


def looked(k, i, o, layout, height=MAIN_SIDE, width=MAIN_SIDE):
    """The row of a module that need not work at this size, None where it does not."""
    try:
        with torch.no_grad():
            module = built(k, i, o, layout)
            left = module(noise(layout, i, height, width))
        return row(k, layout, i, o, height, width, left, parameters(module))
    except Exception:
        return None


def counted(k, i, o):
    try:
        return (k, NONE, i, o, 1, 1, 1, 1, 1, parameters(BUILDS[k](i, o)))
    except Exception:
        return None


def main_row():
    """The first way in which the module works at all."""
    reason, standing = None, []
    for k, mains in enumerate(MAINS):
        for i, o in mains:
            try:
                BUILDS[k](i, o)
                standing.append((k, i, o))
            except Exception as error:
                reason = reason or error
    for layout in range(NONE):
        for k, i, o in standing:
            try:
                return tried(k, i, o, layout)
            except NotDeterministic:
                raise
            except Exception as error:
                reason = error if reason is None else reason
    raise reason


def rows():
    found = [main_row()]
    k, layout, i, o = found[0][:4]
    if layout == FEATURES:
        return found
    step = i
    for entering, leaving in PAIRS:
        leaving = entering if i == o else leaving
        there = looked(k, entering, leaving, layout)
        if there is not None:
            found += [there, looked(k, leaving, entering, layout) if leaving != entering else None]
            step = entering & -entering
            break
    found += [looked(k, i, o, layout, height, width) for height, width in SIDES]
    if found[0][-1]:
        found += [counted(k, step * a, step * (a if i == o else b)) for a, b in COUNTED]
    return [each for each in found if each is not None]


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        found = rows()
        self.rows = [torch.zeros((0,) + (1,) * (1 + len(each))).expand(0, MARK, *each) for each in found]
        k, layout, i, o = found[0][:4]
        self.classes = out_shape[0]
        self.own = nn.Parameter(torch.zeros(1))
        self.noise = noise(layout, i, images=1)
        self.module = built(k, i, o, layout)

    def forward(self, x):
        start = x.mean((1, 2, 3))
        x = self.module(start.reshape(-1, *(1,) * (self.noise.dim() - 1)) + self.noise)
        x = x.flatten(1)
        if x.shape[1] < self.classes:
            x = x.repeat(1, self.classes)
        for each in self.rows:
            x = x + each.sum()
        return x

    def train_setup(self, prm):
        pass

    def learn(self, train_data):
        pass
'''
