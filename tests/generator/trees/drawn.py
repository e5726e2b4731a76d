"""Random legal trees over primitives, for tests: drawn node by node, what breaks shapes is not taken."""

from __future__ import annotations

import random

from corpus.records.tasks.shape import TaskShape
from generator.trees.canonical import canonical
from generator.trees.nodes import Composite, Module, Node, Repeat, Sequence, Tree, Value, normal, sequence
from generator.trees.primitives import primitives
from generator.trees.shapes import lay_out
from generator.trees.specs import WIDTH_WORDS, ModuleSpec

LIBRARY = primitives()
WIDTHS: tuple[Value, ...] = (4, 6, 8, 12, 16)
MOST_PARAMETERS = 200_000

_INSIDE = [spec for spec in LIBRARY.values() if spec.role not in ("reduction", "linear", "classifier")]
_INSIDE += 6 * LIBRARY.of_role("convolution") + 2 * LIBRARY.of_role("normalisation")
_BEHIND = [spec for spec in LIBRARY.values() if spec.role in ("linear", "activation", "regularisation")]


def draw_tree(rng: random.Random, shape: TaskShape) -> Tree:
    """Return a legal tree in canonical form."""
    while True:
        tree = Tree(
            (Module("conv", (("width", rng.choice(WIDTHS)),)),), (), (Module("mean"), Module("classifier"))
        )
        for _ in range(rng.randint(0, 2)):
            tree = Tree(_grown(rng, shape, tree, "stem", 2), tree.stages, tree.head)
        for number in range(rng.randint(1, 3)):
            tree = Tree(tree.stem, (*tree.stages, ()), tree.head)
            grown = _grown(rng, shape, tree, "stage", rng.randint(1, 5))
            tree = Tree(tree.stem, (*tree.stages[:number], grown), tree.head)
            tree = normal(tree) if tree.stages[-1] else Tree(tree.stem, tree.stages[:-1], tree.head)
            if len(tree.stages) <= number:
                break
        tree = Tree(tree.stem, tree.stages, _head(rng, shape, tree))
        found = canonical(tree, shape, LIBRARY)
        if lay_out(found, shape, LIBRARY).problems == () and found.stages:
            return found


def _grown(rng: random.Random, shape: TaskShape, tree: Tree, where: str, count: int) -> Sequence:
    """Return a part of a tree with nodes more, none of which breaks anything."""
    nodes = tree.stem if where == "stem" else tree.stages[-1]
    for _ in range(8 * count):
        if count == 0:
            break
        more = (*nodes, draw_node(rng, depth=3))
        changed = Tree(more, tree.stages, tree.head) if where == "stem" else _with_last(tree, more)
        layout = lay_out(changed, shape, LIBRARY)
        if not layout.problems and (layout.parameters or 0) <= MOST_PARAMETERS:
            nodes, count = more, count - 1
    return nodes


def _with_last(tree: Tree, stage: Sequence) -> Tree:
    return Tree(tree.stem, (*tree.stages[:-1], stage), tree.head)


def _head(rng: random.Random, shape: TaskShape, tree: Tree) -> Sequence:
    first: list[Sequence] = [(Module("mean"),), (Module("max"),), (Module("flatten"),)]
    first += [(Module("pool", (("size", 2),)), Module("flatten"))]
    behind = [draw_module(rng, rng.choice(_BEHIND)) for _ in range(rng.randint(0, 2))]
    head = (*rng.choice(first), *behind, Module("classifier"))
    if rng.random() < 0.1:
        head = (Module("classifier"), *rng.choice(first[:2]))
    fits = not lay_out(Tree(tree.stem, tree.stages, head), shape, LIBRARY).problems
    return head if fits else tree.head


def draw_node(rng: random.Random, depth: int) -> Node:
    """Return a node that may or may not fit somewhere."""
    if depth == 0 or rng.random() < 0.6:
        return draw_module(rng, rng.choice(_INSIDE))
    rows = [
        sequence(draw_node(rng, depth - 1) for _ in range(rng.randint(1, 4)))
        for _ in range(rng.choice((2, 2, 3)))
    ]
    kind = rng.choice(("residual", "shortcut", "cat", "add", "gate", "excitation", "repeat"))
    if kind == "residual":
        return Composite("residual", (sequence([rows[0], Module("conv", (("kernel", 1),))]),))
    if kind == "shortcut":
        return Composite("residual", tuple(rows[:2]))
    if kind == "gate":
        return Composite("gate", (rows[0],))
    if kind == "excitation":
        narrow = Module("conv", (("width", rng.choice(("/2", "/4"))), ("kernel", 1)))
        inside = [Module("pool"), narrow, Module("relu"), Module("conv", (("kernel", 1),)), Module("sigmoid")]
        return Composite("gate", (sequence(inside),))
    if kind == "repeat":
        return Repeat(rows[0], rng.randint(2, 3))
    return Composite("branches", tuple(rows), "cat" if kind == "cat" else "add")


def draw_module(rng: random.Random, spec: ModuleSpec) -> Module:
    """Return a module of a kind with arguments at their defaults, or not."""
    arguments: list[tuple[str, Value]] = []
    if spec.width is not None and rng.random() < 0.7:
        arguments.append((spec.width, rng.choice((*WIDTHS, *WIDTH_WORDS))))
    arguments += [(name, rng.choice(choices)) for name, choices in spec.choices.items() if rng.random() < 0.4]
    return Module(spec.name, tuple(arguments), adaptor=rng.random() < 0.1)
