"""Helper blocks with one path: plain, depthwise-separable, residual, bottleneck, squeeze-and-excite, linear.

Each builder chooses one class: its name, its arguments' names, its layers and its body's style.

This module does *not* know where in a network a block stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from generator.grammar.block import Block, total
from generator.grammar.derivation import Choices
from generator.grammar.layers import Step, conv, linear, module_step, norm
from generator.grammar.text import block_class, indented, sequential, write_chain
from generator.grammar.vocabulary import CHANNEL_PAIRS, CLASS_NAMES, HIDDEN_WIDTHS, WIDTHS, Taste

RATIOS: Mapping[int, float] = {2: 1, 4: 1}


def _signature(arguments: Sequence[str], strided: bool) -> list[str]:
    return [*arguments, *(("stride=1",) if strided else ())]


def _conv_chain(taste: Taste, choices: Choices, cin: str, cout: str, stride: str) -> list[Step]:
    """One or two convolutions from `cin` to `cout`, each with normalisation and activation."""
    kernel = choices.pick("kernel", {3: 6, 5: 2, 1: 0.5})
    steps = [conv(cin, cout, kernel, stride=stride, bias=taste.bias), *taste.norm(cout), taste.act()]
    if choices.chance("second", 0.35):
        dilation = 2 if choices.chance("dilated", 0.3) else 1
        steps += [conv(cout, cout, 3, dilation=dilation, bias=taste.bias), *taste.norm(cout), taste.act()]
    return steps


def _separable_chain(taste: Taste, choices: Choices, cin: str, cout: str, stride: str) -> list[Step]:
    """A depthwise and a pointwise convolution."""
    kernel = choices.pick("kernel", {3: 4, 5: 2})
    steps = [conv(cin, cin, kernel, stride=stride, groups=cin, bias=taste.bias, role="depth")]
    if choices.chance("activated", 0.4):
        steps += [*taste.norm(cin), taste.act()]
    return [*steps, conv(cin, cout, 1, bias=taste.bias, role="point"), *taste.norm(cout), taste.act()]


def _path_block(taste: Taste, choices: Choices, family: str) -> Block:
    """A chain from `cin` to `cout` as a class, a subclass of `nn.Sequential` or a function."""
    arguments = choices.choice("names of widths", CHANNEL_PAIRS)
    strided = choices.chance("strided", 0.3)
    chain = _conv_chain if family == "plain" else _separable_chain
    steps = chain(taste, choices, *arguments, "stride" if strided else "1")
    name = choices.choice("class name", CLASS_NAMES[family])
    signature = ", ".join(_signature(arguments, strided))
    style = choices.pick("style", {"attributes": 5, "inline": 3, "subclass": 2, "function": 1.5})
    if style == "subclass":
        opening = [f"class {name}(nn.Sequential):", f"    def __init__(self, {signature}):"]
        lines = [*opening, *indented(sequential(steps, "super().__init__("))]
    elif style == "function":
        name = name.lower()
        body = sequential(steps, "return nn.Sequential(")
        lines = [f"def {name}({signature}):", *(f"    {line}" for line in body)]
    else:
        writer = write_chain(choices, steps, inline=style == "inline")
        lines = block_class(name, _signature(arguments, strided), writer, writer.value)
    return Block(
        name, family, tuple(lines), arguments, (("width", WIDTHS),), arguments[1], total(steps), strided
    )


def plain(taste: Taste, choices: Choices) -> Block:
    """Draw a block of one or two convolutions."""
    return _path_block(taste, choices, "plain")


def depthwise(taste: Taste, choices: Choices) -> Block:
    """Draw a depthwise-separable block."""
    return _path_block(taste, choices, "depthwise")


def _sum_block(
    taste: Taste, choices: Choices, family: str, arguments: tuple[str, ...], steps: list[Step]
) -> Block:
    """A block that adds a chain, which keeps the width, to its input."""
    inline = choices.chance("inline", 0.45)
    writer = write_chain(choices, steps, inline=inline, variable="y")
    result = f"x + {writer.value}"
    if choices.chance("assigned", 0.5):
        writer.statements.append(f"y = {writer.value}")
        result = "x + y"
    if taste.functional and choices.chance("activated sum", 0.4):
        result = taste.activation[1].format(x=result)
    name = choices.choice("class name", CLASS_NAMES[family])
    lines = block_class(name, arguments, writer, result)
    draws = (("ratio", RATIOS),) if len(arguments) == 2 else ()
    return Block(name, family, tuple(lines), arguments, draws, arguments[0], total(steps))


def residual(taste: Taste, choices: Choices) -> Block:
    """Draw a residual block, with an identity or with a projected skip connection."""
    if choices.chance("projected", 0.4):
        return _projected(taste, choices)
    width = choices.choice("name of width", ("c", "dim", "ch", "n"))
    kernel = choices.pick("kernel", {3: 5, 5: 1})
    steps = [conv(width, width, kernel, bias=taste.bias), *taste.norm(width), taste.act()]
    if choices.chance("pre-activated", 0.25):
        steps = [*taste.norm(width), taste.act(), conv(width, width, kernel, bias=taste.bias)]
    if choices.chance("second", 0.6):
        steps += [conv(width, width, 3, bias=taste.bias), *taste.norm(width)]
    return _sum_block(taste, choices, "residual", (width,), steps)


def _projected(taste: Taste, choices: Choices) -> Block:
    """A residual block from `cin` to `cout` whose skip connection is a 1x1 convolution."""
    arguments = choices.choice("names of widths", CHANNEL_PAIRS)
    cin, cout = arguments
    strided = choices.chance("strided", 0.4)
    stride = "stride" if strided else "1"
    steps = [conv(cin, cout, 3, stride=stride, bias=taste.bias), *taste.norm(cout)]
    if choices.chance("second", 0.4):
        steps += [taste.act(), conv(cout, cout, 3, bias=taste.bias), *taste.norm(cout)]
    skip = conv(cin, cout, 1, stride=stride, role="skip")
    inline = choices.chance("inline", 0.4)
    writer = write_chain(choices, steps, inline=inline, variable="y", extra_roles=("skip",))
    name = writer.attribute("skip", skip.modules)
    result = f"{writer.value} + self.{name}(x)"
    if taste.functional and choices.chance("activated sum", 0.7):
        result = taste.activation[1].format(x=result)
    title = choices.choice("class name", CLASS_NAMES["residual"])
    lines = block_class(title, _signature(arguments, strided), writer, result)
    count = total([*steps, skip])
    return Block(title, "residual", tuple(lines), arguments, (("width", WIDTHS),), cout, count, strided)


def bottleneck(taste: Taste, choices: Choices) -> Block:
    """Draw a block that narrows (or widens) by 1x1 convolutions around a 3x3 one, and adds its input."""
    width = choices.choice("name of width", ("c", "dim", "ch"))
    factor = choices.choice("name of ratio", ("r", "k"))
    middle, inverted = f"{width} // {factor}", choices.chance("inverted", 0.35)
    arguments: tuple[str, ...]
    if inverted:
        middle = f"{width} * {factor}"
    if choices.chance("literal ratio", 0.5):
        literal = choices.pick("ratio", RATIOS)
        middle = middle.replace(factor, str(literal))
        arguments = (width,)
    else:
        arguments = (width, factor)
    groups = middle if inverted else "1"
    steps = [conv(width, middle, 1, bias=taste.bias), *taste.norm(middle), taste.act()]
    steps += [conv(middle, middle, 3, groups=groups, bias=taste.bias), taste.act()]
    steps += [conv(middle, width, 1, bias=taste.bias), *taste.norm(width)]
    return _sum_block(taste, choices, "bottleneck", arguments, steps)


def squeeze_excite(taste: Taste, choices: Choices) -> Block:
    """Draw a block that scales its channels by gates computed from their means, often after a convolution."""
    if choices.chance("after conv", 0.5):
        arguments: tuple[str, ...] = choices.choice("names of widths", CHANNEL_PAIRS)
        before = [
            conv(arguments[0], arguments[1], 3, bias=taste.bias),
            *taste.norm(arguments[1]),
            taste.act(),
        ]
    else:
        arguments, before = (choices.choice("name of width", ("c", "dim", "ch")),), []
    width = arguments[-1]
    narrow = f"{width} // {choices.pick('ratio', RATIOS)}"
    sigmoid = module_step("act", "nn.Sigmoid()")
    value = "y" if before else "x"
    if choices.chance("convolved gate", 0.5):
        gate = [conv(width, narrow, 1), taste.act(), conv(narrow, width, 1), sigmoid]
        pooled = [module_step("pool", "nn.AdaptiveAvgPool2d(1)"), *gate]
        writer = write_chain(choices, before, inline=False, variable="y", extra_roles=("gate",))
        name = writer.attribute("gate", sequential(pooled))
        if before:
            writer.settle("y")
        result = f"{value} * self.{name}({value})"
    else:
        gate = [linear(width, narrow), linear(narrow, width)]
        writer = write_chain(choices, before, inline=False, variable="y", extra_roles=("linear", "linear"))
        first, second = (writer.attribute("linear", step.modules) for step in gate)
        if before:
            writer.settle("y")
        hidden = f"F.relu(self.{first}({value}.mean((2, 3))))"
        writer.statements.append(f"s = torch.sigmoid(self.{second}({hidden}))")
        result = f"{value} * s[:, :, None, None]"
    title = choices.choice("class name", CLASS_NAMES["squeeze_excite"])
    lines = block_class(title, arguments, writer, result)
    draws = (("width", WIDTHS),) if before else ()
    return Block(title, "squeeze_excite", tuple(lines), arguments, draws, width, total([*before, *gate]))


def mlp(taste: Taste, choices: Choices) -> Block:
    """Draw a linear layer with its activation, with or without LayerNorm, or a residual one."""
    name = choices.choice("class name", CLASS_NAMES["mlp"])
    if choices.chance("residual", 0.35):
        arguments: tuple[str, ...] = (choices.choice("name of width", ("n", "d", "dim")),)
    else:
        arguments = choices.choice("names of widths", CHANNEL_PAIRS)
    steps = [linear(arguments[0], arguments[-1])]
    if choices.chance("normed", 0.4):
        steps += norm("layer", arguments[-1])
    steps.append(taste.act())
    writer = write_chain(choices, steps, inline=choices.chance("inline", 0.3), variable="y")
    residual_form = len(arguments) == 1
    lines = block_class(name, arguments, writer, f"x + {writer.value}" if residual_form else writer.value)
    draws = () if residual_form else (("width", HIDDEN_WIDTHS),)
    return Block(name, "mlp", tuple(lines), arguments, draws, arguments[-1], total(steps))


Builder = Callable[[Taste, Choices], Block]
