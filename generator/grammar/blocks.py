"""Helper blocks with one path: plain, depthwise-separable, residual, bottleneck, squeeze-and-excite, linear.

Each builder draws one class (its name, its arguments' names, its body's style) and returns it as text, with
what a caller must know: which numbers it takes, how many channels it leaves, how many parameters it has.

This module does *not* know where in a network a block stands.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from generator.grammar.layers import Bindings, Count, Step, conv, linear, module_step, norm, resolve
from generator.grammar.text import block_class, indented, sequential, write_chain
from generator.grammar.vocabulary import CHANNEL_PAIRS, CLASS_NAMES, HIDDEN_WIDTHS, WIDTHS, Taste, pick

RATIOS: Mapping[int, float] = {2: 1, 4: 1}


@dataclass(frozen=True)
class Block:
    """A helper block's definition.

    Attributes:
        name: Name of the class or function.
        family: The block family it belongs to.
        lines: Its source.
        arguments: Names of its constructor's arguments without the stride; the first is the number of inputs.
        draws: What each further argument is drawn from.
        out: Number of outputs, as an expression over `arguments`.
        count: Counts its parameters under a binding of `arguments`.
        strided: Whether it takes a stride as its last argument, which halves the size when it is 2.
    """

    name: str
    family: str
    lines: tuple[str, ...]
    arguments: tuple[str, ...]
    draws: tuple[Mapping[int, float], ...]
    out: str
    count: Count
    strided: bool = False

    @property
    def keeps_width(self) -> bool:
        """Whether it leaves as many channels as it takes."""
        return self.out == self.arguments[0]

    def call(self, inputs: int, rng: random.Random, *, width: int | None = None) -> tuple[str, int, int]:
        """Return a call for `inputs` channels without its closing bracket, its outputs and its parameters.

        Args:
            inputs: Number of input channels.
            rng: Draws the arguments.
            width: The second argument where the block has exactly two and leaves the second as its width.
        """
        values = [inputs, *(pick(rng, draw) for draw in self.draws)]
        if width is not None and len(values) == 2 and self.out == self.arguments[1]:
            values[1] = width
        bindings = dict(zip(self.arguments, values, strict=True))
        text = f"{self.name}({', '.join(map(str, values))}"
        return text, resolve(self.out, bindings), self.count(bindings)


def total(steps: Sequence[Step]) -> Count:
    """Return the count of a whole chain."""

    def count(bindings: Bindings) -> int:
        return sum(step.count(bindings) for step in steps)

    return count


def _signature(arguments: Sequence[str], strided: bool) -> list[str]:
    return [*arguments, *(("stride=1",) if strided else ())]


def _conv_chain(taste: Taste, rng: random.Random, cin: str, cout: str, stride: str) -> list[Step]:
    """One or two convolutions from `cin` to `cout`, each with normalisation and activation."""
    kernel = pick(rng, {3: 6, 5: 2, 1: 0.5})
    steps = [conv(cin, cout, kernel, stride=stride, bias=taste.bias), *taste.norm(cout), taste.act()]
    if rng.random() < 0.35:
        dilation = 2 if rng.random() < 0.3 else 1
        steps += [conv(cout, cout, 3, dilation=dilation, bias=taste.bias), *taste.norm(cout), taste.act()]
    return steps


def _separable_chain(taste: Taste, rng: random.Random, cin: str, cout: str, stride: str) -> list[Step]:
    """A depthwise and a pointwise convolution."""
    kernel = pick(rng, {3: 4, 5: 2})
    steps = [conv(cin, cin, kernel, stride=stride, groups=cin, bias=taste.bias, role="depth")]
    if rng.random() < 0.4:
        steps += [*taste.norm(cin), taste.act()]
    return [*steps, conv(cin, cout, 1, bias=taste.bias, role="point"), *taste.norm(cout), taste.act()]


def _path_block(taste: Taste, rng: random.Random, family: str) -> Block:
    """A chain from `cin` to `cout` as a class, a subclass of `nn.Sequential` or a function."""
    arguments = rng.choice(CHANNEL_PAIRS)
    strided = rng.random() < 0.3
    chain = _conv_chain if family == "plain" else _separable_chain
    steps = chain(taste, rng, *arguments, "stride" if strided else "1")
    name = rng.choice(CLASS_NAMES[family])
    signature = ", ".join(_signature(arguments, strided))
    style = pick(rng, {"attributes": 5, "inline": 3, "subclass": 2, "function": 1.5})
    if style == "subclass":
        opening = [f"class {name}(nn.Sequential):", f"    def __init__(self, {signature}):"]
        lines = [*opening, *indented(sequential(steps, "super().__init__("))]
    elif style == "function":
        name = name.lower()
        body = sequential(steps, "return nn.Sequential(")
        lines = [f"def {name}({signature}):", *(f"    {line}" for line in body)]
    else:
        writer = write_chain(rng, steps, inline=style == "inline")
        lines = block_class(name, _signature(arguments, strided), writer, writer.value)
    return Block(name, family, tuple(lines), arguments, (WIDTHS,), arguments[1], total(steps), strided)


def plain(taste: Taste, rng: random.Random) -> Block:
    """Draw a block of one or two convolutions."""
    return _path_block(taste, rng, "plain")


def depthwise(taste: Taste, rng: random.Random) -> Block:
    """Draw a depthwise-separable block."""
    return _path_block(taste, rng, "depthwise")


def _sum_block(
    taste: Taste, rng: random.Random, family: str, arguments: tuple[str, ...], steps: list[Step]
) -> Block:
    """A block that adds a chain, which keeps the width, to its input."""
    inline = rng.random() < 0.45
    writer = write_chain(rng, steps, inline=inline, variable="y")
    result = f"x + {writer.value}"
    if rng.random() < 0.5:
        writer.statements.append(f"y = {writer.value}")
        result = "x + y"
    if taste.functional and rng.random() < 0.4:
        result = taste.activation[1].format(x=result)
    name = rng.choice(CLASS_NAMES[family])
    lines = block_class(name, arguments, writer, result)
    draws = (RATIOS,) if len(arguments) == 2 else ()
    return Block(name, family, tuple(lines), arguments, draws, arguments[0], total(steps))


def residual(taste: Taste, rng: random.Random) -> Block:
    """Draw a residual block, with an identity or with a projected skip connection."""
    if rng.random() < 0.4:
        return _projected(taste, rng)
    width = rng.choice(("c", "dim", "ch", "n"))
    kernel = pick(rng, {3: 5, 5: 1})
    steps = [conv(width, width, kernel, bias=taste.bias), *taste.norm(width), taste.act()]
    if rng.random() < 0.25:
        steps = [*taste.norm(width), taste.act(), conv(width, width, kernel, bias=taste.bias)]
    if rng.random() < 0.6:
        steps += [conv(width, width, 3, bias=taste.bias), *taste.norm(width)]
    return _sum_block(taste, rng, "residual", (width,), steps)


def _projected(taste: Taste, rng: random.Random) -> Block:
    """A residual block from `cin` to `cout` whose skip connection is a 1x1 convolution."""
    arguments = rng.choice(CHANNEL_PAIRS)
    cin, cout = arguments
    strided = rng.random() < 0.4
    stride = "stride" if strided else "1"
    steps = [conv(cin, cout, 3, stride=stride, bias=taste.bias), *taste.norm(cout)]
    if rng.random() < 0.4:
        steps += [taste.act(), conv(cout, cout, 3, bias=taste.bias), *taste.norm(cout)]
    skip = conv(cin, cout, 1, stride=stride, role="skip")
    inline = rng.random() < 0.4
    writer = write_chain(rng, steps, inline=inline, variable="y", extra_roles=("skip",))
    name = writer.attribute("skip", skip.modules)
    result = f"{writer.value} + self.{name}(x)"
    if taste.functional and rng.random() < 0.7:
        result = taste.activation[1].format(x=result)
    title = rng.choice(CLASS_NAMES["residual"])
    lines = block_class(title, _signature(arguments, strided), writer, result)
    count = total([*steps, skip])
    return Block(title, "residual", tuple(lines), arguments, (WIDTHS,), cout, count, strided)


def bottleneck(taste: Taste, rng: random.Random) -> Block:
    """Draw a block that narrows (or widens) by 1x1 convolutions around a 3x3 one, and adds its input."""
    width = rng.choice(("c", "dim", "ch"))
    factor = rng.choice(("r", "k"))
    middle, inverted = f"{width} // {factor}", rng.random() < 0.35
    arguments: tuple[str, ...]
    if inverted:
        middle = f"{width} * {factor}"
    if rng.random() < 0.5:
        literal = pick(rng, RATIOS)
        middle = middle.replace(factor, str(literal))
        arguments = (width,)
    else:
        arguments = (width, factor)
    groups = middle if inverted else "1"
    steps = [conv(width, middle, 1, bias=taste.bias), *taste.norm(middle), taste.act()]
    steps += [conv(middle, middle, 3, groups=groups, bias=taste.bias), taste.act()]
    steps += [conv(middle, width, 1, bias=taste.bias), *taste.norm(width)]
    return _sum_block(taste, rng, "bottleneck", arguments, steps)


def squeeze_excite(taste: Taste, rng: random.Random) -> Block:
    """Draw a block that scales its channels by gates computed from their means, often after a convolution."""
    if rng.random() < 0.5:
        arguments: tuple[str, ...] = rng.choice(CHANNEL_PAIRS)
        before = [
            conv(arguments[0], arguments[1], 3, bias=taste.bias),
            *taste.norm(arguments[1]),
            taste.act(),
        ]
    else:
        arguments, before = (rng.choice(("c", "dim", "ch")),), []
    width = arguments[-1]
    narrow = f"{width} // {pick(rng, RATIOS)}"
    sigmoid = module_step("act", "nn.Sigmoid()")
    value = "y" if before else "x"
    if rng.random() < 0.5:
        gate = [conv(width, narrow, 1), taste.act(), conv(narrow, width, 1), sigmoid]
        pooled = [module_step("pool", "nn.AdaptiveAvgPool2d(1)"), *gate]
        writer = write_chain(rng, before, inline=False, variable="y", extra_roles=("gate",))
        name = writer.attribute("gate", sequential(pooled))
        if before:
            writer.settle("y")
        result = f"{value} * self.{name}({value})"
    else:
        gate = [linear(width, narrow), linear(narrow, width)]
        writer = write_chain(rng, before, inline=False, variable="y", extra_roles=("linear", "linear"))
        first, second = (writer.attribute("linear", step.modules) for step in gate)
        if before:
            writer.settle("y")
        hidden = f"F.relu(self.{first}({value}.mean((2, 3))))"
        writer.statements.append(f"s = torch.sigmoid(self.{second}({hidden}))")
        result = f"{value} * s[:, :, None, None]"
    title = rng.choice(CLASS_NAMES["squeeze_excite"])
    lines = block_class(title, arguments, writer, result)
    draws = (WIDTHS,) if before else ()
    return Block(title, "squeeze_excite", tuple(lines), arguments, draws, width, total([*before, *gate]))


def mlp(taste: Taste, rng: random.Random) -> Block:
    """Draw a linear layer with its activation, with or without LayerNorm, or a residual one."""
    name = rng.choice(CLASS_NAMES["mlp"])
    if rng.random() < 0.35:
        arguments: tuple[str, ...] = (rng.choice(("n", "d", "dim")),)
    else:
        arguments = rng.choice(CHANNEL_PAIRS)
    steps = [linear(arguments[0], arguments[-1])]
    if rng.random() < 0.4:
        steps += norm("layer", arguments[-1])
    steps.append(taste.act())
    writer = write_chain(rng, steps, inline=rng.random() < 0.3, variable="y")
    residual_form = len(arguments) == 1
    lines = block_class(name, arguments, writer, f"x + {writer.value}" if residual_form else writer.value)
    draws = () if residual_form else (HIDDEN_WIDTHS,)
    return Block(name, "mlp", tuple(lines), arguments, draws, arguments[-1], total(steps))


Builder = Callable[[Taste, random.Random], Block]
