"""Whole programs: a taste, a trunk, a head and a training recipe, put together and held to the limits.

This module does *not* run what it writes: the construction makes the numbers add up, and the tests show it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.records.base import TaskShape
from generator.grammar.blocks import Block
from generator.grammar.branches import BUILDERS
from generator.grammar.head import draw_head
from generator.grammar.layers import Step
from generator.grammar.text import Writer, can_be_sequential, indented, roles_of
from generator.grammar.training import Recipe, draw_recipe
from generator.grammar.trunk import (
    Sketch,
    add_block,
    add_block_list,
    add_conv,
    add_inline,
    add_pool,
    add_width_loop,
    draw_linear_trunk,
)
from generator.grammar.vocabulary import Names, draw_taste, pick

GRAMMAR_VERSION = 1
"""Raised whenever equal seeds give other programs than before."""

SMALLEST_SIDE = 6
LARGEST_SOURCE = 1_750
"""Characters: longer programs are drawn again, since a small model's context is short."""

MAX_DRAWS = 2_000

OPENING = (
    "class Net(nn.Module):",
    "    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):",
    "        super().__init__()",
    "        self.device = device",
)


@dataclass(frozen=True)
class GrammarProgram:
    """A program of the grammar.

    Attributes:
        source: A LEMUR-contract module, ending in a newline.
        families: The block families it uses, sorted, at least one.
    """

    source: str
    families: tuple[str, ...]


def sample_program(rng: random.Random, shape: TaskShape, *, max_parameters: int = 500_000) -> GrammarProgram:
    """Return the next program of `rng` for images and classes of `shape`.

    Args:
        rng: The only source of chance: equal states give equal programs.
        shape: The task; both sides at least 6.
        max_parameters: Programs with more trainable parameters are drawn again.

    Raises:
        ValueError: An image side is below 6, or no program fits `max_parameters`.
    """
    if min(shape.height, shape.width) < SMALLEST_SIDE:
        raise ValueError(f"the grammar needs images of at least 6x6, not {shape.height}x{shape.width}")
    for _ in range(MAX_DRAWS):
        program, parameters = draw_program(rng, shape)
        if parameters <= max_parameters and len(program.source) <= LARGEST_SOURCE:
            return program
    raise ValueError(f"none of {MAX_DRAWS} drawn programs has at most {max_parameters} parameters")


def draw_program(rng: random.Random, shape: TaskShape) -> tuple[GrammarProgram, int]:
    """Return a program, whatever its length and size, and the number of its trainable parameters."""
    sketch = Sketch(shape, draw_taste(rng), rng, shape.channels, shape.height, shape.width)
    helpers = draw_linear_trunk(sketch) if rng.random() < 0.1 else _draw_conv_trunk(sketch)
    trunk_length = len(sketch.steps)
    draw_head(sketch)
    recipe = draw_recipe(rng)
    trunk, head = sketch.steps[:trunk_length], sketch.steps[trunk_length:]
    source = _module_text([*(block.lines for block in helpers), _net_lines(rng, trunk, head, recipe)])
    return GrammarProgram(source, tuple(sorted(set(sketch.families)))), sketch.parameters


def _draw_conv_trunk(sketch: Sketch) -> list[Block]:
    """Draw a convolutional trunk; return the helper blocks it uses."""
    rng = sketch.rng
    if rng.random() < 0.08:
        add_pool(sketch)
    way = pick(rng, {"blocks": 6.5, "inline": 1.6, "plain": 1.5, "loop": 1})
    if way == "loop":
        add_width_loop(sketch)
        return []
    add_conv(sketch, "in_shape[1]" if rng.random() < 0.7 else str(sketch.channels))
    if rng.random() < 0.35:
        add_pool(sketch)
    if way == "blocks":
        return _add_blocks(sketch)
    for _ in range(rng.choice((0, 1, 1, 2, 3) if way == "plain" else (1, 1, 2))):
        if way == "inline" and rng.random() < 0.75:
            add_inline(sketch)
        else:
            add_conv(sketch)
        if rng.random() < 0.4:
            add_pool(sketch)
    sketch.families += [] if sketch.families else ["plain"]
    return []


def _add_blocks(sketch: Sketch) -> list[Block]:
    """Append calls of helper blocks, with plain convolutions and poolings between; return the blocks used."""
    rng = sketch.rng
    blocks = [pick(rng, BUILDERS)(sketch.taste, rng)]
    if rng.random() < 0.15:
        blocks.append(pick(rng, BUILDERS)(sketch.taste, rng))
        if blocks[1].name == blocks[0].name:
            blocks.pop()
    if len(blocks) == 1 and rng.random() < 0.2:
        add_block_list(sketch, blocks[0])
        return blocks
    calls = rng.choice((1, 2, 2, 3))
    for index in range(calls):
        block = blocks[index % len(blocks)]
        if block.keeps_width and index and rng.random() < 0.5:
            add_conv(sketch)
        add_block(sketch, block)
        if rng.random() < 0.4:
            add_pool(sketch)
    return blocks[:calls]


def _net_lines(rng: random.Random, trunk: Sequence[Step], head: Sequence[Step], recipe: Recipe) -> list[str]:
    """Write the class `Net` in one of four layouts."""
    layout = pick(rng, {"written": 4, "features": 3, "halves": 1.5, "whole": 1.5})
    if not can_be_sequential(trunk):
        layout = "written"
    roles = {
        "written": roles_of([*trunk, *head]),
        "features": ["features", *roles_of(head)],
        "halves": ["features", "classifier"],
        "whole": ["features"],
    }
    writer = Writer(Names(rng, roles[layout]))
    if layout == "written":
        writer.write_out([*trunk, *head])
    elif layout == "whole":
        writer.write_sequential("features", [*trunk, *head])
    else:
        writer.write_sequential("features", trunk)
        writer.settle("x")
        if layout == "halves":
            writer.write_sequential("classifier", head)
        else:
            writer.write_out(head)
    result = f"F.log_softmax({writer.value}, 1)" if recipe.log_softmax else writer.value
    forward = ["", "    def forward(self, x):", *indented(writer.statements), f"        return {result}", ""]
    return [*OPENING, *indented(writer.setup), *forward, *recipe.lines]


def _module_text(parts: Sequence[Sequence[str]]) -> str:
    """Return the module of `parts` (functions and classes) with the imports and declaration it needs."""
    body = "\n\n\n".join("\n".join(part) for part in parts)
    imports = ["import torch", "import torch.nn as nn"]
    if re.search(r"\bF\.", body):
        imports.append("import torch.nn.functional as F")
    names = ["'lr'", "'momentum'", *(["'dropout'"] if "prm['dropout']" in body else [])]
    declaration = f"def supported_hyperparameters():\n    return {{{', '.join(names)}}}"
    return "\n".join(imports) + f"\n\n\n{declaration}\n\n\n{body}\n"
