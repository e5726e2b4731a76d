"""Helper blocks that concatenate: inception branches, whose widths add up, and dense connections, which grow.

This module does *not* know where in a network a block stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.grammar.block import Block, total
from generator.grammar.blocks import Builder, bottleneck, depthwise, plain, residual, squeeze_excite
from generator.grammar.derivation import Choices
from generator.grammar.layers import Step, conv
from generator.grammar.text import Writer, block_class, write_chain
from generator.grammar.vocabulary import CLASS_NAMES, Names, Taste

BRANCH_WIDTHS: Mapping[int, float] = {4: 3, 8: 4, 12: 2, 16: 3, 24: 1, 32: 1}
"""Widths of one branch, and growth of one dense connection."""

GROWTH = (("growth", BRANCH_WIDTHS),)


def inception(taste: Taste, choices: Choices) -> Block:
    """Draw a block whose branches see its input with different kernels and are concatenated."""
    listed = choices.chance("listed", 0.3)
    return _listed_branches(taste, choices) if listed else _named_branches(taste, choices)


def _concat_result(taste: Taste, choices: Choices, joined: str) -> str:
    if taste.functional and choices.chance("activated sum", 0.75):
        return taste.activation[1].format(x=joined)
    return joined


def _named_branches(taste: Taste, choices: Choices) -> Block:
    """Two or three branches, each with a width of its own or all with one."""
    cin = choices.choice("name of width", ("cin", "inp", "n"))
    kernels = choices.sample("kernels", (1, 3, 5), choices.pick("branches", {2: 3, 3: 2}))
    shared = choices.chance("one width", 0.4)
    widths = ["w"] * len(kernels) if shared else list("abd")[: len(kernels)]
    steps = [conv(cin, width, kernel, role="branch") for width, kernel in zip(widths, kernels, strict=True)]
    pooled = choices.chance("pooled branch", 0.25)
    out = f"w * {len(kernels)}" if shared else " + ".join(widths)
    normed = list(taste.norm(out)) if choices.chance("normed", 0.7) else []
    writer = Writer(Names(choices, ["branch"] * len(kernels) + ["norm"] * len(normed)))
    names = [writer.attribute("branch", step.modules) for step in steps]
    inputs = ["x"] * len(names)
    if pooled:
        averaged = choices.chance("averaged", 0.5)
        inputs[-1] = "F.avg_pool2d(x, 3, 1, 1)" if averaged else "F.max_pool2d(x, 3, 1, 1)"
    calls = [f"self.{name}({value})" for name, value in zip(names, inputs, strict=True)]
    if len(calls) == 3 or pooled:
        letters = list("pqr")[: len(calls)]
        writer.statements += [f"{letter} = {call}" for letter, call in zip(letters, calls, strict=True)]
        calls = letters
    writer.value = f"torch.cat([{', '.join(calls)}], 1)"
    writer.write_out(normed, "y")
    arguments = (cin, "w") if shared else (cin, *widths)
    lines = block_class(
        name := choices.choice("class name", CLASS_NAMES["inception"]),
        arguments,
        writer,
        _concat_result(taste, choices, writer.value),
    )
    draws = GROWTH * (len(arguments) - 1)
    return Block(name, "inception", tuple(lines), arguments, draws, out, total([*steps, *normed]))


def _listed_branches(taste: Taste, choices: Choices) -> Block:
    """Branches of equal width in an `nn.ModuleList`."""
    cin, width = choices.choice("names of widths", (("cin", "w"), ("n", "k"), ("inp", "each")))
    kernels = choices.choice("kernels", ((1, 3), (3, 5), (1, 3, 5)))
    steps = [conv(cin, width, kernel) for kernel in kernels]
    item = f"nn.Conv2d({cin}, {width}, s, padding=s // 2)"
    writer = Writer(Names(choices, ["list"]))
    name = writer.attribute("list", [f"nn.ModuleList([{item} for s in {kernels}])"])
    result = _concat_result(taste, choices, f"torch.cat([m(x) for m in self.{name}], 1)")
    title = choices.choice("class name", CLASS_NAMES["inception"])
    lines = block_class(title, (cin, width), writer, result)
    out = f"{width} * {len(kernels)}"
    return Block(title, "inception", tuple(lines), (cin, width), GROWTH, out, total(steps))


def dense(taste: Taste, choices: Choices) -> Block:
    """Draw a block that concatenates what it computes to its input, once, twice or in a loop."""
    cin, growth = choices.choice("names of widths", (("cin", "g"), ("c", "k"), ("n", "grow")))
    depth = choices.pick("depth", {1: 2, 2: 3, 3: 1})
    rows: list[list[Step]] = []
    for index in range(depth):
        inputs = cin if not index else f"{cin} + {growth}" if index == 1 else f"{cin} + {growth} * {index}"
        rows.append([conv(inputs, growth, 3), *(taste.norm(growth) if depth == 1 else ())])
    steps = [step for row in rows for step in row]
    out = f"{cin} + {growth}" if depth == 1 else f"{cin} + {growth} * {depth}"
    title = choices.choice("class name", CLASS_NAMES["dense"])
    if depth > 1 and choices.chance("listed", 0.5):
        item = f"nn.Conv2d({cin} + {growth} * i, {growth}, 3, padding=1)"
        writer = Writer(Names(choices, ["list"]))
        name = writer.attribute("list", [f"nn.ModuleList([{item} for i in range({depth})])"])
        value = taste.activation[1].format(x="m(x)") if taste.functional else "m(x)"
        writer.statements += [f"for m in self.{name}:", f"    x = torch.cat([x, {value}], 1)"]
        lines = block_class(title, (cin, growth), writer, "x")
    elif depth == 1:
        writer = write_chain(
            choices, [*rows[0], taste.act()], inline=choices.chance("inline", 0.4), variable="y"
        )
        lines = block_class(title, (cin, growth), writer, f"torch.cat([x, {writer.value}], 1)")
    else:
        writer = Writer(Names(choices, ["conv"] * depth))
        names = [writer.attribute("conv", row[0].modules) for row in rows]
        values = [f"self.{name}(x)" for name in names]
        if taste.functional:
            values = [taste.activation[1].format(x=value) for value in values]
        writer.statements += [f"x = torch.cat([x, {value}], 1)" for value in values[:-1]]
        lines = block_class(title, (cin, growth), writer, f"torch.cat([x, {values[-1]}], 1)")
    return Block(title, "dense", tuple(lines), (cin, growth), GROWTH, out, total(steps))


BUILDERS: Mapping[Builder, float] = {
    plain: 2,
    residual: 3,
    inception: 2.5,
    depthwise: 2,
    squeeze_excite: 4,
    dense: 2,
    bottleneck: 5,
}
"""The builders of convolutional helper blocks and how often each is drawn."""
