"""The macro space: two to four stages of blocks, each with its kind, width, kernel, depth and expansion.

    stem -> stage -> (stage at half the resolution)... -> mean over the image -> scores

A block is plain (convolution, batch normalisation, ReLU), residual (two of them and a shortcut: He et al.,
CVPR 2016) or an inverted bottleneck (widened by the expansion, depthwise, narrowed: Sandler et al., CVPR
2018). A point is a line such as `plain w16 k3 b1 | inverted w32 k5 b2 x4`: two stages, the second of two
blocks, 32 channels wide, with 5x5 kernels and an expansion of 4.

Points that differ are different networks, so a point's key is its encoding. Legal is what is below the cap
on parameters, which are counted here without building anything. This module does *not* train anything.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from corpus.records.tasks.shape import TaskShape
from generator.spaces.blocks import BLOCK_CLASSES, CONV, block_parameters
from generator.spaces.errors import no_room, require_side
from generator.spaces.operations import Pick
from generator.spaces.sources import classifier_parameters, conv_parameters, module_source

Kind = Literal["plain", "residual", "inverted"]

KINDS: tuple[Kind, ...] = get_args(Kind)
WIDTHS = (4, 8, 12, 16, 24, 32, 48, 64, 96)
KERNELS = (3, 5)
BLOCKS = (1, 2, 3)
EXPANSIONS = (2, 3, 4, 6)
"""Of inverted bottlenecks; other blocks have none."""

FEWEST_STAGES, MOST_STAGES = 2, 4
_SMALLEST_MAP = 2
"""Pixels of the shorter side of the last stage's images."""

_LONGEST_TEXT = 1_000
_STAGE = re.compile(r"(plain|residual|inverted) w(\d{1,3}) k(\d) b(\d)(?: x(\d))?")


@dataclass(frozen=True)
class Stage:
    """Blocks at one resolution.

    Attributes:
        kind: The kind of its blocks.
        width: Channels that leave each block.
        kernel: Height and width of the kernels, in pixels.
        blocks: How many blocks there are.
        expansion: How many times wider an inverted bottleneck is inside; 1 for the other kinds.
    """

    kind: Kind
    width: int
    kernel: int
    blocks: int
    expansion: int = 1


Macro = tuple[Stage, ...]
"""The stages, from the image on; all but the first halve the resolution."""

_STAGES = {
    Stage(kind, width, kernel, blocks, expansion): f"{kind} w{width} k{kernel} b{blocks}"
    + (f" x{expansion}" if kind == "inverted" else "")
    for kind, width, kernel, blocks in itertools.product(KINDS, WIDTHS, KERNELS, BLOCKS)
    for expansion in (EXPANSIONS if kind == "inverted" else (1,))
}
"""All stages, as they are written."""

_SMALLEST: Macro = (Stage("plain", WIDTHS[0], KERNELS[0], 1),) * FEWEST_STAGES


class MacroSpace:
    """The macro networks for a task; see the module's text.

    Args:
        shape: The task; both sides at least 6.
        max_parameters: Cap on a network's trainable parameters.

    Raises:
        NoRoomError: The images are too small, or hardly any network is below the cap.
    """

    name = "macro"
    author = "macro-1"
    textual = False

    def __init__(self, shape: TaskShape, *, max_parameters: int = 500_000) -> None:
        require_side(self.name, shape.height, shape.width)
        self._shape = shape
        self._max_parameters = max_parameters
        side, self.most_stages = min(shape.height, shape.width), FEWEST_STAGES
        while self.most_stages < MOST_STAGES and side >> self.most_stages >= _SMALLEST_MAP:
            self.most_stages += 1
        neighbours = [point for points in self._edits(_SMALLEST).values() for point in points]
        if not self.legal(_SMALLEST) or not neighbours:
            raise no_room(self.name, 2 * self.parameters(_SMALLEST), max_parameters)

    def sample(self, rng: random.Random) -> Macro:
        """Draw each part of a point uniformly; a network that is too large is made smaller, edit by edit."""
        point: Macro = tuple(
            _stage(rng.choice(KINDS), rng.choice(WIDTHS), rng.choice(KERNELS), rng.choice(BLOCKS), rng)
            for _ in range(rng.randint(FEWEST_STAGES, self.most_stages))
        )
        while not self.legal(point):
            size = self.parameters(point)
            smaller = [each for each in self._neighbours(point) if self.parameters(each) < size]
            point = rng.choice(smaller)
        return point

    def mutate(self, point: Macro, rng: random.Random) -> tuple[Macro, str]:
        """Make one edit: first its kind is drawn among those that leave a legal network, then where."""
        edits = self._edits(point)
        operator = rng.choice(sorted(edits))
        return rng.choice(edits[operator]), operator

    def legal(self, point: Macro) -> bool:
        """Return whether a point has parts of the space and is below the cap on parameters."""
        return (
            FEWEST_STAGES <= len(point) <= self.most_stages
            and all(stage in _STAGES for stage in point)
            and self.parameters(point) <= self._max_parameters
        )

    def encode(self, point: Macro) -> str:
        """Return a point as a line: `plain w16 k3 b1 | inverted w32 k5 b2 x4`."""
        return " | ".join(_STAGES[stage] for stage in point)

    def decode(self, text: str) -> Macro | None:
        """Return the legal point of an encoding, more or fewer blanks aside, None where it is none."""
        if len(text) > _LONGEST_TEXT:
            return None
        found = [_STAGE.fullmatch(" ".join(part.split())) for part in text.split("|")]
        point = tuple(_read(match) for match in found if match is not None)
        return point if len(point) == len(found) and self.legal(point) else None

    def key(self, point: Macro) -> str:
        """Return the encoding."""
        return self.encode(point)

    def render(self, point: Macro) -> str:
        """Return the program of a legal point."""
        features = [f"conv(in_shape[1], {point[0].width}, 3)"]
        channels = point[0].width
        for number, stage in enumerate(point):
            name, _ = BLOCK_CLASSES[stage.kind]
            for block in range(stage.blocks):
                arguments = f"{channels}, {stage.width}, {stage.kernel}, {_stride(number, block)}"
                expansion = f", {stage.expansion}" if stage.kind == "inverted" else ""
                features.append(f"{name}({arguments}{expansion})")
                channels = stage.width
        classes = [BLOCK_CLASSES[kind][1] for kind in KINDS if any(stage.kind == kind for stage in point)]
        return module_source([CONV, *filter(None, classes)], features, channels)

    def parameters(self, point: Macro) -> int:
        """Return the trainable parameters of a point's network."""
        channels = point[0].width
        count = conv_parameters(self._shape.channels, channels, 3)
        for number, stage in enumerate(point):
            for block in range(stage.blocks):
                count += block_parameters(
                    stage.kind,
                    channels,
                    stage.width,
                    stage.kernel,
                    stride=_stride(number, block),
                    expansion=stage.expansion,
                )
                channels = stage.width
        return count + classifier_parameters(channels, self._shape.classes)

    def vocabulary(self) -> tuple[str, ...]:
        """Return the words of an encoding."""
        numbers = {"w": WIDTHS, "k": KERNELS, "b": BLOCKS, "x": EXPANSIONS}
        return (*KINDS, *(f"{letter}{each}" for letter, choices in numbers.items() for each in choices))

    def operations(self, point: Macro) -> tuple[str, ...]:
        """Return the words of the point's encoding."""
        return tuple(self.encode(point).replace("|", " ").split())

    def compose(self, pick: Pick) -> Macro:
        """Return the network that is picked word by word; what would break the cap is not offered."""
        point: Macro = ()
        while len(point) < FEWEST_STAGES or (len(point) < self.most_stages and self._goes_on(point, pick)):
            point = (*point, self._stage(point, pick))
        return point

    def _goes_on(self, point: Macro, pick: Pick) -> bool:
        return self.legal((*point, _SMALLEST[0])) and pick(self.encode(point), ("|", "end")) == "|"

    def _stage(self, point: Macro, pick: Pick) -> Stage:
        """Return the next stage, picked word by word among those that the smallest rest may follow."""
        rest = _SMALLEST[len(point) + 1 :]
        ways = [text.split() for stage, text in _STAGES.items() if self.legal((*point, stage, *rest))]
        before, words = [self.encode(point), "|"] if point else [], list[str]()
        while len(ways) > 1:
            options = tuple(dict.fromkeys(way[len(words)] for way in ways))
            words.append(options[0] if len(options) == 1 else pick(" ".join([*before, *words]), options))
            ways = [way for way in ways if way[: len(words)] == words]
        return next(stage for stage, text in _STAGES.items() if text.split() == ways[0])

    def describe(self) -> str:
        """Return what there is to know in order to write a point."""
        return (
            f"A network is {FEWEST_STAGES} to {self.most_stages} stages of blocks, from the image on, with "
            f"at most {self._max_parameters:,} parameters; every stage but the first halves the image.\n"
            "A stage is written as its kind of block and numbers:\n"
            "- plain: convolution, batch normalisation, ReLU\n"
            "- residual: two convolutions and a shortcut\n"
            "- inverted: widened x times, depthwise convolution, narrowed, with a shortcut\n"
            f"- w: channels, one of {_listed(WIDTHS)}\n"
            f"- k: kernel, one of {_listed(KERNELS)}\n"
            f"- b: number of blocks, one of {_listed(BLOCKS)}\n"
            f"- x: widening of inverted blocks alone, one of {_listed(EXPANSIONS)}\n"
            "A network is one line, a bar between stages:\n"
            "plain w8 k3 b1 | residual w12 k5 b1"
        )

    def _edits(self, point: Macro) -> dict[str, list[Macro]]:
        """Return the legal points that are one edit away, by the edit's name."""
        edits: dict[str, list[Macro]] = {}
        for operator, changed in self._all_edits(point):
            if self.legal(changed):
                edits.setdefault(operator, []).append(changed)
        return edits

    def _neighbours(self, point: Macro) -> list[Macro]:
        return [changed for _, changed in self._all_edits(point) if len(changed) >= FEWEST_STAGES]

    def _all_edits(self, point: Macro) -> Iterator[tuple[str, Macro]]:
        for index, stage in enumerate(point):
            before, after = point[:index], point[index + 1 :]
            for operator, changed in _stage_edits(stage):
                yield operator, (*before, changed, *after)
            yield "add_stage", (*before, stage, stage, *after)
            yield "drop_stage", (*before, *after)


def _stage_edits(stage: Stage) -> Iterator[tuple[str, Stage]]:
    """Yield what is one edit away from a stage: one step of a number, or another kind."""
    for width in _beside(WIDTHS, stage.width):
        yield ("widen" if width > stage.width else "narrow"), replace(stage, width=width)
    for blocks in _beside(BLOCKS, stage.blocks):
        yield ("deepen" if blocks > stage.blocks else "flatten"), replace(stage, blocks=blocks)
    for kernel in _beside(KERNELS, stage.kernel):
        yield "kernel", replace(stage, kernel=kernel)
    for kind in KINDS:
        expansions = EXPANSIONS if kind == "inverted" else (1,)
        if kind != stage.kind:
            yield from (("kind", replace(stage, kind=kind, expansion=each)) for each in expansions)
    if stage.kind == "inverted":
        for expansion in _beside(EXPANSIONS, stage.expansion):
            yield "expand", replace(stage, expansion=expansion)


def _beside(choices: tuple[int, ...], value: int) -> list[int]:
    """Return the choices next to `value`."""
    place = choices.index(value)
    return [*choices[max(place - 1, 0) : place], *choices[place + 1 : place + 2]]


def _stage(kind: Kind, width: int, kernel: int, blocks: int, rng: random.Random) -> Stage:
    return Stage(kind, width, kernel, blocks, rng.choice(EXPANSIONS) if kind == "inverted" else 1)


def _read(match: re.Match[str]) -> Stage:
    kind = next(each for each in KINDS if each == match[1])
    return Stage(kind, int(match[2]), int(match[3]), int(match[4]), int(match[5] or 1))


def _stride(stage: int, block: int) -> int:
    return 2 if stage and not block else 1


def _listed(choices: tuple[int, ...]) -> str:
    return ", ".join(map(str, choices))
