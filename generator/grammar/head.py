"""The head of a network: from the trunk's features to one score per class.

This module does *not* write the class: it yields steps.
"""

from __future__ import annotations

from generator.grammar.layers import Step, conv, linear, module_step
from generator.grammar.sketch import Sketch
from generator.grammar.trunk import flatten_step
from generator.grammar.vocabulary import HIDDEN_WIDTHS

LARGEST_FLAT = 2600
"""Features beyond which a head pools instead of flattening."""


def dropout_step(sketch: Sketch) -> Step:
    """Choose a dropout: the protocol's rate, or one of the program's own, at times far too high."""
    rates = {"prm['dropout']": 5, "0.1": 1, "0.3": 1, "0.5": 1.5, "0.7": 0.6, "0.9": 0.2}
    return module_step("drop", f"nn.Dropout({sketch.choices.pick('rate', rates)})")


def draw_head(sketch: Sketch) -> None:
    """Append a head that leaves `(B, classes)` scores; the trunk may be an image or a row of features."""
    choices = sketch.choices
    literal = str(sketch.shape.classes)
    classes = "out_shape[0]" if choices.chance("reads classes", 0.75) else literal
    flat = sketch.families[-1:] == ["mlp"]
    if not flat and choices.chance("convolved", 0.07):
        mean = Step(("nn.AdaptiveAvgPool2d(1)", "nn.Flatten()"), (), "{x}.mean((2, 3))")
        sketch.add(conv(str(sketch.channels), classes, 1, role="output"), mean)
        return
    inputs = str(sketch.channels) if flat else _rows(sketch)
    if choices.chance("hidden", 0.25):
        hidden = choices.pick("width", HIDDEN_WIDTHS)
        sketch.add(linear(inputs, str(hidden)), sketch.taste.act())
        inputs = str(hidden)
        if choices.chance("dropout", 0.6):
            sketch.add(dropout_step(sketch))
    elif choices.chance("dropout", 0.25):
        sketch.add(dropout_step(sketch))
    sketch.add(linear(inputs, classes, "output"))


def _rows(sketch: Sketch) -> str:
    """Append the reduction from an image to a row of features; return their number as an expression."""
    choices, channels = sketch.choices, sketch.channels
    way = choices.pick("reduction", {"mean": 4, "max": 1, "grid": 2.5, "flat": 3})
    if way == "flat" and channels * sketch.height * sketch.width <= LARGEST_FLAT:
        sketch.add(flatten_step(choices))
        if choices.chance("spelt out", 0.5):
            return f"{channels} * {sketch.height} * {sketch.width}"
        return str(channels * sketch.height * sketch.width)
    if way in ("flat", "grid"):
        grid, kind = choices.choice("grid", (2, 2, 3)), choices.choice("grid pool", ("Avg", "Avg", "Max"))
        functional = f"F.adaptive_{kind.lower()}_pool2d({{x}}, {grid}).flatten(1)"
        sketch.add(Step((f"nn.Adaptive{kind}Pool2d({grid})", "nn.Flatten()"), (), functional))
        spelt_out = choices.chance("spelt out", 0.5)
        return f"{channels} * {grid * grid}" if spelt_out else str(channels * grid * grid)
    means = ("{x}.mean((2, 3))", "F.adaptive_avg_pool2d({x}, 1).flatten(1)")
    call = "{x}.amax((2, 3))" if way == "max" else choices.choice("wording of mean", means)
    kind = "Max" if way == "max" else "Avg"
    sketch.add(Step((f"nn.Adaptive{kind}Pool2d(1)", "nn.Flatten()"), (), call))
    return str(channels)
