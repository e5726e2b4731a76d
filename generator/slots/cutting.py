"""A tree as a slotted network, by rules: what a model would be asked for, where there is none.

Stem and stages fall into units: a convolution or a composite, with the normalisations, activations and
poolings around it. Repeats are written out as long as there are not too many units. Every unit is a slot; its
alternatives are blocks of the literature and mined modules of which shape inference says that they take
exactly what enters and give exactly what leaves. The head stays.

Two things are not as in the published spaces. A unit stands in a chain, where zeros would cut the network in
two, so they are not offered. And nobody says what a block is good for: which blocks a slot offers is drawn.
This module does *not* probe what it offers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from corpus.records.tasks.shape import TaskShape
from generator.slots.contract import MAX_ALTERNATIVES, PREFIX, Alternative, Origin, Slot, Slotted
from generator.slots.writing import around, class_text, ending, scaffold_text
from generator.trees.canonical import key
from generator.trees.encoding import decode
from generator.trees.nodes import Composite, Module, Node, Repeat, Sequence, Tree, parts
from generator.trees.shapes import Layout, lay_out
from generator.trees.specs import Library, Shape

MOST_UNITS = 20
"""Most slots that repeats are written out for, as in the published spaces, which have ten to twenty."""

ROOM = 4
"""An alternative has at most so many times the parameters of what it replaces, or `SPARE`; our choice."""

SPARE = 10_000
"""Parameters that any alternative may have; our choice."""

BLOCKS: Mapping[str, str] = {
    "conv1": "conv({w}, kernel=1, stride={s}) batch_norm relu",
    "conv3": "conv({w}, stride={s}) batch_norm relu",
    "conv5": "conv({w}, kernel=5, stride={s}) batch_norm relu",
    "conv3-gelu": "conv({w}, stride={s}) batch_norm gelu",
    "dilated": "conv({w}, stride={s}, dilation=2) batch_norm relu",
    "separable3": "depthwise(stride={s}) batch_norm relu conv({w}, kernel=1) batch_norm relu",
    "separable5": "depthwise(kernel=5, stride={s}) batch_norm relu conv({w}, kernel=1) batch_norm relu",
    "inverted": (
        "conv(x4, kernel=1) batch_norm relu6 depthwise(stride={s}) batch_norm relu6 "
        "conv({w}, kernel=1) batch_norm"
    ),
    "inverted-residual": (
        "residual(conv(x4, kernel=1) batch_norm relu6 depthwise batch_norm relu6 "
        "conv({w}, kernel=1) batch_norm)"
    ),
    "residual": (
        "residual(conv({w}, stride={s}) batch_norm relu conv({w}) batch_norm; "
        "conv({w}, kernel=1, stride={s}) batch_norm) relu"
    ),
    "basic": "residual(conv({w}) batch_norm relu conv({w}) batch_norm) relu",
    "bottleneck": (
        "residual(conv(/4, kernel=1) batch_norm relu conv(/4) batch_norm relu "
        "conv({w}, kernel=1) batch_norm) relu"
    ),
    "squeezed": (
        "conv({w}, stride={s}) batch_norm relu "
        "gate(pool(1) conv(/4, kernel=1) relu conv(same, kernel=1) sigmoid)"
    ),
    "two-scales": (
        "cat(conv({h}, kernel=1, stride={s}) batch_norm relu; "
        "conv({o}, kernel=5, stride={s}) batch_norm relu)"
    ),
    "averaged": "avg_pool(3, stride={s}) conv({w}, kernel=1) batch_norm relu",
}
"""Blocks by name: {w} channels leave, {h} and {o} are its halves, sides are divided by {s}.

Residual, basic and bottleneck: He et al., CVPR 2016. Separable: Howard et al., 2017. Inverted: Sandler et
al., CVPR 2018. Squeezed: Hu et al., CVPR 2018. Two scales: Szegedy et al., CVPR 2015."""

_LIGHT = frozenset({"normalisation", "activation", "pooling", "regularisation"})
_ROW = ("stem",)
_END = "mean classifier"

_Offer = tuple[str, Origin, Sequence]
"""A block by its name, who it comes from, and its nodes."""


def cut(
    tree: Tree, shape: TaskShape, library: Library, rng: random.Random, *, alternatives: int = 8
) -> Slotted:
    """Return a tree as a slotted network.

    Args:
        tree: The seed, legal for the task, in canonical form.
        shape: The task, a plain one.
        library: The modules of trees.
        rng: Draws which blocks a slot offers, where there are more.
        alternatives: Most alternatives of a slot, the seed's among them.

    Raises:
        ValueError: There is nothing in front of its head.
    """
    units = _units(tree, library)
    if not units:
        raise ValueError("the network is a head alone: there is nothing to cut into slots")
    cutter = _Cutter(library, rng, min(alternatives, MAX_ALTERNATIVES))
    flowing = Shape(shape.channels, shape.height, shape.width)
    slots = []
    for name, nodes in units.items():
        slots.append(cutter.slot(name, nodes, flowing))
        flowing = Shape(*slots[-1].leaving)
    scaffold = scaffold_text(list(units), tree.head, flowing, shape.classes, library)
    return Slotted(scaffold=scaffold, slots=tuple(slots))


@dataclass(frozen=True)
class _Cutter:
    """Makes slots of units."""

    library: Library
    rng: random.Random
    most: int

    def slot(self, name: str, nodes: Sequence, entering: Shape) -> Slot:
        own = self._laid_out(nodes, entering)
        leaving = own.leaving[_ROW]
        found = [Alternative(name="seed", origin="seed", text=self._text(name, nodes, entering))]
        if entering == leaving:
            found.append(Alternative(name="identity", origin="identity"))
        room = max(SPARE, ROOM * (own.parameters or 0))
        met = {self._key(nodes, entering)}
        offered = [*self._blocks(entering, leaving), *self._modules(leaving)]
        for called, origin, block in self.rng.sample(offered, len(offered)):
            fitting = self._laid_out(block, entering)
            fits = not fitting.problems and fitting.leaving.get(_ROW) == leaving
            if len(found) < self.most and fits and (fitting.parameters or 0) <= room:
                identity = self._key(block, entering)
                if identity not in met:
                    met.add(identity)
                    text = self._text(name, block, entering)
                    found.append(Alternative(name=called, origin=origin, text=text))
        return Slot(name=name, entering=tuple(entering), leaving=tuple(leaving), alternatives=tuple(found))

    def _blocks(self, entering: Shape, leaving: Shape) -> Iterator[_Offer]:
        """Yield the blocks of the literature for a change of channels and sides; not all of them fit."""
        stride = -(-entering.height // leaving.height)
        half = leaving.channels // 2
        for name, form in BLOCKS.items():
            text = form.format(w=leaving.channels, h=half, o=leaving.channels - half, s=stride)
            tree = decode(f"{text} | {_END}", self.library)
            if tree is not None:
                yield name, "rule", tree.stem

    def _modules(self, leaving: Shape) -> Iterator[_Offer]:
        """Yield the modules of the library that are no primitives; not all of them fit."""
        for spec in self.library.values():
            if not spec.primitive and spec.role in ("convolution", "attention", "block"):
                width = ((spec.width, leaving.channels),) if spec.width else ()
                yield spec.name, "library", (Module(spec.name, width),)

    def _laid_out(self, nodes: Sequence, entering: Shape) -> Layout:
        return lay_out(ending(nodes), around(entering), self.library)

    def _key(self, nodes: Sequence, entering: Shape) -> str:
        return key(ending(nodes), around(entering), self.library)

    def _text(self, name: str, nodes: Sequence, entering: Shape) -> str:
        return class_text(f"{PREFIX}{name}", nodes, entering, self.library)


def _units(tree: Tree, library: Library) -> dict[str, Sequence]:
    """Return the units in front of the head by their names, in order; repeats written out if they are few."""
    rows = {path: nodes for path, nodes in parts(tree) if path != ("head",)}
    for written_out in (True, False):
        found = {path: list(_grouped(nodes, library, written_out)) for path, nodes in rows.items()}
        if sum(map(len, found.values())) <= MOST_UNITS:
            break
    units: dict[str, Sequence] = {}
    for path, row in found.items():
        part = str(path[0]) if len(path) == 1 else f"stage{int(path[1]) + 1}"
        for number, nodes in enumerate(row, 1):
            units[part if len(row) == 1 else f"{part}_{number}"] = nodes
    return units


def _grouped(nodes: Sequence, library: Library, written_out: bool) -> Iterator[Sequence]:
    """Yield units: a node that is no light one, with the light ones in front of the first and behind each."""
    unit: list[Node] = []
    begun = False
    for node in nodes:
        light = isinstance(node, Module) and library[node.name].role in _LIGHT
        copies = node.times if isinstance(node, Repeat) and written_out else 1
        body = _row(node.body) if isinstance(node, Repeat) and written_out else (node,)
        for _ in range(copies):
            if begun and not light:
                yield tuple(unit)
                unit, begun = [], False
            unit.extend(body)
            begun = begun or not light
    if unit:
        yield tuple(unit)


def _row(node: Node) -> Sequence:
    return node.children if isinstance(node, Composite) and node.kind == "sequence" else (node,)
