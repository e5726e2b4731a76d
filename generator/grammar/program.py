"""Whole programs: a taste, a trunk, a head and a training recipe, put together and held to the limits.

This module does *not* run what it writes: the construction makes the numbers add up, and the tests show it.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.records.tasks.shape import TaskShape
from generator.grammar.block import Block
from generator.grammar.branches import BUILDERS
from generator.grammar.derivation import Choices, UnderivableError
from generator.grammar.head import draw_head
from generator.grammar.layers import Step
from generator.grammar.sketch import Sketch
from generator.grammar.text import Writer, can_be_sequential, indented, roles_of
from generator.grammar.training import Recipe, draw_recipe
from generator.grammar.trunk import (
    add_block,
    add_block_list,
    add_conv,
    add_inline,
    add_pool,
    add_width_loop,
    draw_linear_trunk,
)
from generator.grammar.vocabulary import Names, draw_taste

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


@dataclass(frozen=True)
class Derivation:
    """A program with the choices that it came from.

    Attributes:
        program: The program.
        parameters: Number of its trainable parameters.
        record: All choices on one line: the JSON of a `generator.grammar.derivation.Record`.
    """

    program: GrammarProgram
    parameters: int
    record: str

    def fits(self, max_parameters: int) -> bool:
        """Return whether the program keeps the limits on its length and its parameters."""
        return self.parameters <= max_parameters and len(self.program.source) <= LARGEST_SOURCE


def sample_program(rng: random.Random, shape: TaskShape, *, max_parameters: int = 500_000) -> GrammarProgram:
    """Return the next program of `rng`: that of `sample_derivation`."""
    return sample_derivation(rng, shape, max_parameters=max_parameters).program


def sample_derivation(rng: random.Random, shape: TaskShape, *, max_parameters: int = 500_000) -> Derivation:
    """Return the next program of `rng` for images and classes of `shape`, with its choices.

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
        derivation = derive(Choices(rng), shape)
        if derivation.fits(max_parameters):
            return derivation
    raise ValueError(f"none of {MAX_DRAWS} drawn programs has at most {max_parameters} parameters")


def derive(choices: Choices, shape: TaskShape) -> Derivation:
    """Return the program that `choices` make, whatever its length and size.

    Raises:
        UnderivableError: `choices` may draw nothing, and lack a choice.
    """
    with choices.span("taste"):
        taste = draw_taste(choices)
    sketch = Sketch(shape, taste, choices, shape.channels, shape.height, shape.width)
    linear = choices.chance("linear", 0.1)
    with choices.span("trunk"):
        helpers = draw_linear_trunk(sketch) if linear else _draw_conv_trunk(sketch)
    trunk_length = len(sketch.steps)
    with choices.span("head"):
        draw_head(sketch)
    with choices.span("training"):
        recipe = draw_recipe(choices)
    trunk, head = sketch.steps[:trunk_length], sketch.steps[trunk_length:]
    with choices.span("net"):
        net = _net_lines(choices, trunk, head, recipe)
    program = GrammarProgram(
        _module_text([*(block.lines for block in helpers), net]), tuple(sorted(set(sketch.families)))
    )
    return Derivation(program, sketch.parameters, json.dumps(choices.record))


def replay(record: Mapping[str, object], shape: TaskShape) -> tuple[Derivation, Choices]:
    """Return the program that the choices of `record` make, with these choices as they were made.

    Raises:
        UnderivableError: A choice is missing, not legal where it stands, or never made.
    """
    choices = Choices(None, record)
    derivation = derive(choices, shape)
    if choices.record != record:
        raise UnderivableError("the record holds choices that are never made")
    return derivation, choices


def _draw_conv_trunk(sketch: Sketch) -> list[Block]:
    """Choose a convolutional trunk; return the helper blocks it uses."""
    choices = sketch.choices
    with choices.span("input"):
        if choices.chance("pool", 0.08):
            add_pool(sketch)
    way = choices.pick("way", {"blocks": 6.5, "inline": 1.6, "plain": 1.5, "loop": 1})
    if way == "loop":
        add_width_loop(sketch)
        return []
    with choices.span("stem"):
        reads_shape = choices.chance("reads channels", 0.7)
        add_conv(sketch, "in_shape[1]" if reads_shape else str(sketch.channels))
        if choices.chance("pool", 0.35):
            add_pool(sketch)
    if way == "blocks":
        return _add_blocks(sketch)
    for _ in choices.repeat("layers", (0, 1, 1, 2, 3) if way == "plain" else (1, 1, 2)):
        if way == "inline" and choices.chance("joined", 0.75):
            add_inline(sketch)
        else:
            add_conv(sketch)
        if choices.chance("pool", 0.4):
            add_pool(sketch)
    sketch.families += [] if sketch.families else ["plain"]
    return []


def _add_blocks(sketch: Sketch) -> list[Block]:
    """Append calls of helper blocks, with plain convolutions and poolings between; return the blocks used."""
    choices = sketch.choices
    blocks = [_draw_block(sketch, "block")]
    if choices.chance("two blocks", 0.15):
        blocks.append(_draw_block(sketch, "block 2"))
        if blocks[1].name == blocks[0].name:
            blocks.pop()
    if len(blocks) == 1 and choices.chance("listed", 0.2):
        add_block_list(sketch, blocks[0])
        return blocks
    calls = 0
    for index in choices.repeat("calls", (1, 2, 2, 3)):
        block = blocks[index % len(blocks)]
        if block.keeps_width and index and choices.chance("conv", 0.5):
            with choices.span("before"):
                add_conv(sketch)
        add_block(sketch, block)
        if choices.chance("pool", 0.4):
            add_pool(sketch)
        calls += 1
    return blocks[:calls]


def _draw_block(sketch: Sketch, name: str) -> Block:
    """Choose the helper block that is recorded in the span `name`."""
    with sketch.choices.span(name):
        return sketch.choices.pick("family", BUILDERS)(sketch.taste, sketch.choices)


def _net_lines(choices: Choices, trunk: Sequence[Step], head: Sequence[Step], recipe: Recipe) -> list[str]:
    """Write the class `Net` in one of four layouts."""
    layout = choices.pick("layout", {"written": 4, "features": 3, "halves": 1.5, "whole": 1.5})
    if not can_be_sequential(trunk):
        layout = "written"
    roles = {
        "written": roles_of([*trunk, *head]),
        "features": ["features", *roles_of(head)],
        "halves": ["features", "classifier"],
        "whole": ["features"],
    }
    writer = Writer(Names(choices, roles[layout]))
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
