"""The trunk of a network: from the image to the features that the head reads, with every size tracked.

Numbers are literals: each layer's inputs are what the layer before it leaves, each concatenation is a sum,
and pooling stops before a side falls below 2.

This module does *not* write the class: it yields steps.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.grammar.block import Block
from generator.grammar.blocks import mlp
from generator.grammar.derivation import Choices
from generator.grammar.layers import Step, conv, linear, module_step, norm, size_after
from generator.grammar.sketch import Sketch
from generator.grammar.vocabulary import HIDDEN_WIDTHS, WIDTHS

POOLS: Mapping[tuple[str, str, int, int, int], float] = {
    ("nn.MaxPool2d(2)", "F.max_pool2d({x}, 2)", 2, 2, 0): 6,
    ("nn.AvgPool2d(2)", "F.avg_pool2d({x}, 2)", 2, 2, 0): 4,
    ("nn.MaxPool2d(3, 2, 1)", "F.max_pool2d({x}, 3, 2, 1)", 3, 2, 1): 2,
    ("nn.AvgPool2d(3, 2, 1)", "F.avg_pool2d({x}, 3, 2, 1)", 3, 2, 1): 0.7,
    ("nn.AvgPool2d(3)", "F.avg_pool2d({x}, 3)", 3, 3, 0): 0.8,
    ("nn.MaxPool2d(4)", "F.max_pool2d({x}, 4)", 4, 4, 0): 0.8,
}
"""(module, functional form, kernel, stride, padding) of the poolings."""


def draw_pool(sketch: Sketch) -> Step | None:
    """Draw a pooling that leaves both sides at least 2, or None where there is none; track the size."""
    pools = {pool: weight for pool, weight in POOLS.items() if size_after(sketch.side, *pool[2:]) >= 2}
    if not pools:
        return None
    module, functional, *window = sketch.choices.pick("kind of pool", pools)
    sketch.shrink(*window)
    if sketch.taste.functional:
        return Step((module,), (), functional)
    return module_step("pool", module)


def add_pool(sketch: Sketch) -> None:
    """Append a pooling if the image is large enough for one."""
    pool = draw_pool(sketch)
    if pool is not None:
        sketch.add(pool)


def add_conv(sketch: Sketch, text: str | None = None) -> None:
    """Append a convolution with normalisation and activation; `text`, if given, names its input channels."""
    choices = sketch.choices
    out = sketch.next_width() if text is None else choices.pick("width", WIDTHS)
    first = text is not None
    kernel = choices.pick("kernel", {3: 7, 5: 2, 7: 0.7, 1: 0.2} if first else {3: 7, 5: 1.5, 1: 1})
    stride, padding, dilation, groups = 1, kernel // 2, 1, 1
    grouped = 0.0 if first else 0.9
    variant = choices.pick(
        "variant", {"same": 6, "stride": 1.6, "bare": 1.0, "dilated": 0.7, "grouped": grouped}
    )
    if variant == "stride" and kernel > 1 and sketch.side >= 4:
        stride = 2
    elif variant == "bare" and sketch.side >= kernel + 3:
        padding = 0
    elif variant == "dilated" and kernel == 3:
        padding, dilation = 2, 2
    elif variant == "grouped" and sketch.channels % 4 == 0:
        groups = choices.choice("groups", (2, 4))
    sketch.add(
        conv(
            text or str(sketch.channels),
            str(out),
            kernel,
            stride=str(stride),
            padding=padding,
            dilation=dilation,
            groups=str(groups),
            bias=sketch.taste.bias,
        )
    )
    sketch.shrink(dilation * (kernel - 1) + 1, stride, padding)
    sketch.channels = out
    sketch.finish()


def call_block(sketch: Sketch, block: Block, times: int = 1) -> str:
    """Return a call of `block`, track what it leaves, and count its parameters `times` times."""
    text, sketch.channels, parameters = block.call(sketch.channels, sketch.choices)
    sketch.parameters += times * parameters
    if block.strided and sketch.side >= 4 and sketch.choices.chance("halved", 0.5):
        text += ", 2"
        sketch.height, sketch.width = (sketch.height + 1) // 2, (sketch.width + 1) // 2
    return text + ")"


def add_block(sketch: Sketch, block: Block) -> None:
    """Append one call of `block`, or a short repetition of it where it keeps its width."""
    choices = sketch.choices
    repeats = (
        choices.choice("repeats", (2, 3)) if block.keeps_width and choices.chance("repeated", 0.2) else 1
    )
    call = call_block(sketch, block, repeats)
    sketch.families.append(block.family)
    if repeats > 1:
        call = f"nn.Sequential(*[{call} for _ in range({repeats})])"
    sketch.add(module_step("block", call, starts=True))


def add_block_list(sketch: Sketch, block: Block) -> None:
    """Append several calls of `block` in an `nn.ModuleList` that `forward` loops over."""
    calls = [call_block(sketch, block) for _ in sketch.choices.repeat("calls", (2, 2, 3))]
    sketch.families.append(block.family)
    sketch.add(Step((), (("list", f"nn.ModuleList([{', '.join(calls)}])"),), "{m}({x})", loop=True))


def add_width_loop(sketch: Sketch) -> None:
    """Append plain convolutions that `__init__` collects in a loop over their widths."""
    choices, taste = sketch.choices, sketch.taste
    widths = [choices.pick("width", WIDTHS) for _ in choices.repeat("widths", (2, 3))]
    pooled = sketch.side >= 2 ** (len(widths) + 1) and choices.chance("pool", 0.7)
    pool = "nn.MaxPool2d(2)" if pooled else None
    modules = [conv("c", "w", 3, bias=taste.bias), *taste.norm("w"), taste.act()]
    row = ", ".join([*(module for step in modules for module in step.modules), *([pool] if pool else [])])
    first = "in_shape[1]" if not sketch.steps else str(sketch.channels)
    for width in widths:
        sketch.parameters += sum(step.count({"c": sketch.channels, "w": width}) for step in modules)
        sketch.channels = width
        if pool:
            sketch.shrink(2, 2, 0)
    values = ", ".join(map(str, widths))
    setup = ("layers, c = [], " + first, f"for w in ({values}):", f"    layers += [{row}]", "    c = w")
    sketch.add(Step((), (("features", "nn.Sequential(*layers)"),), "self.{0}({x})", setup=setup, starts=True))
    sketch.families.append("plain")


def add_inline(sketch: Sketch) -> None:
    """Append a residual, concatenating or depthwise connection that is written out in `forward`."""
    choices, c = sketch.choices, str(sketch.channels)
    act = sketch.taste.activation[1] if sketch.taste.functional else "{x}"
    way = choices.pick("connection", {"residual": 3, "inception": 2, "dense": 2, "depthwise": 1.5})
    if way == "residual":
        steps, call = [conv(c, c, 3)], "{x} + " + act.format(x="self.{0}({x})")
    elif way == "inception":
        a, b = choices.pick("width", WIDTHS), choices.pick("width 2", WIDTHS)
        small, large = choices.choice("kernels", ((1, 3), (3, 5), (1, 5)))
        steps = [conv(c, str(a), small, role="branch"), conv(c, str(b), large, role="branch")]
        call, sketch.channels = act.format(x="torch.cat([self.{0}({x}), self.{1}({x})], 1)"), a + b
    elif way == "dense":
        growth = choices.pick("growth", {4: 2, 8: 3, 12: 1, 16: 3, 24: 1})
        steps, sketch.channels = [conv(c, str(growth), 3)], sketch.channels + growth
        call = "torch.cat([{x}, " + act.format(x="self.{0}({x})") + "], 1)"
    else:
        out = sketch.next_width()
        kernel = choices.choice("kernel", (3, 5))
        steps = [conv(c, c, kernel, groups=c, role="depth"), conv(c, str(out), 1, role="point")]
        call, sketch.channels = act.format(x="self.{1}(self.{0}({x}))"), out
    sketch.families.append(way)
    parts = tuple(part for step in steps for part in step.parts)
    sketch.parameters += sum(step.count({}) for step in steps)
    sketch.add(Step((), parts, call, starts=True))


def flatten_step(choices: Choices) -> Step:
    """Return the step from an image to a row of features."""
    return Step(
        ("nn.Flatten()",),
        (),
        choices.choice("wording of flatten", ("{x}.flatten(1)", "torch.flatten({x}, 1)")),
    )


def draw_linear_trunk(sketch: Sketch) -> list[Block]:
    """Choose a multi-layer perceptron up to its last hidden layer; return the helper blocks it uses."""
    choices, taste = sketch.choices, sketch.taste
    with choices.span("input"):
        if choices.chance("pool", 0.2):
            add_pool(sketch)
    pooled = bool(sketch.steps)
    sketch.add(flatten_step(choices))
    sketch.channels *= sketch.height * sketch.width
    sketch.height = sketch.width = 1
    inputs = "in_shape[1] * in_shape[2] * in_shape[3]"
    text = str(sketch.channels) if pooled or choices.chance("literal inputs", 0.6) else inputs
    block = None
    if choices.chance("block", 0.5):
        with choices.span("helper"):
            block = mlp(taste, choices)
    sketch.families += ["residual", "mlp"] if block is not None and block.keeps_width else ["mlp"]
    for index in choices.repeat("layers", [count + (block is not None) for count in (1, 2, 2, 3)]):
        if block is not None and index:
            sketch.add(module_step("block", call_block(sketch, block), starts=True))
        else:
            _add_hidden(sketch, text if not index else str(sketch.channels))
    return [block] if block is not None else []


def _add_hidden(sketch: Sketch, inputs: str) -> None:
    """Append a linear layer with activation; `inputs` names its features."""
    out = sketch.choices.pick("width", HIDDEN_WIDTHS)
    layer = linear(inputs, str(out))
    sketch.parameters += layer.count({"in_shape[1]": sketch.channels, "in_shape[2]": 1, "in_shape[3]": 1})
    sketch.steps.append(layer)
    sketch.channels = out
    if sketch.choices.chance("normed", 0.25):
        sketch.add(*norm("layer", str(out)))
    sketch.add(sketch.taste.act())
