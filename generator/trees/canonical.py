"""The one form of trees that are one network: `canonical`, and the identity that follows from it.

Of two ways to write the same, the canonical form has: no argument at its default or without effect; arguments
in the order of their spec; `mean` for `pool(1) flatten`, `depthwise` for a convolution with a group for each
channel, `layer_norm` for one group; a residual for the sum of two branches; no `identity` beside other
modules; the first word that fits for a width, a number where none does, and always a number in stages and
concatenations, whose widths are free. What a program shows of a tree is its canonical form.

This module does *not* know deeper equalities, such as two activations in a row, and it makes no repeat of
equal neighbours: a loop is a choice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from corpus.records.base import content_id
from corpus.records.tasks.shape import TaskShape
from generator.trees.encoding import encode
from generator.trees.nodes import (
    Composite,
    Module,
    Node,
    Path,
    Repeat,
    Sequence,
    Tree,
    normal,
    parts,
    sequence,
    walk,
)
from generator.trees.shapes import Site, lay_out
from generator.trees.specs import Library, ModuleSpec, width_word

IDENTITY = Module("identity")

Change = Callable[[Path, Module], Module]
"""Returns the module that stands at a path instead."""


def canonical(tree: Tree, shape: TaskShape, library: Library) -> Tree:
    """Return the canonical form of a tree for a task; what no shape reaches is left as it is."""
    before, tree = None, normal(tree)
    while tree != before:
        before, tree = tree, normal(_each_part(tree, _plain_row))
    layout, numbered = lay_out(tree, shape, library), _numbered(tree)

    def change(path: Path, module: Module) -> Module:
        site = layout.sites.get(path)
        return _canonical_module(module, site, library, words=path not in numbered) if site else module

    return mapped(tree, change)


def _numbered(tree: Tree) -> set[Path]:
    """Return the paths of nodes that stand directly in a stage or a concatenation, or in a row there."""
    found: set[Path] = set()
    rows = {path for path, _ in parts(tree)}
    for path, node in walk(tree):
        if path[:-1] in rows:
            found.add(path)
            in_a_row = isinstance(node, Composite) and node.kind == "sequence"
            rows |= {path} if in_a_row else set()
        if isinstance(node, Composite) and node.kind == "branches" and node.join == "cat":
            rows.add(path)
    return found


def key(tree: Tree, shape: TaskShape, library: Library) -> str:
    """Return the identity of a tree for a task: equal for trees with one canonical form, marks aside."""
    unmarked = mapped(canonical(tree, shape, library), lambda _, module: replace(module, adaptor=False))
    return content_id(encode(unmarked, library))


def mapped(tree: Tree, change: Change) -> Tree:
    """Return a tree with each module changed in its place."""

    def row(nodes: Sequence, path: Path) -> Sequence:
        return tuple(one(node, (*path, number)) for number, node in enumerate(nodes))

    def one(node: Node, path: Path) -> Node:
        if isinstance(node, Module):
            return change(path, node)
        if isinstance(node, Repeat):
            return Repeat(one(node.body, (*path, "body")), node.times)
        return replace(node, children=row(node.children, path))

    stages = tuple(row(stage, ("stages", number)) for number, stage in enumerate(tree.stages))
    return Tree(row(tree.stem, ("stem",)), stages, row(tree.head, ("head",)))


def _each_part(tree: Tree, change: Callable[[Sequence], Sequence]) -> Tree:
    return Tree(change(tree.stem), tuple(map(change, tree.stages)), change(tree.head))


def _plain_row(nodes: Sequence) -> Sequence:
    """Return nodes in a row with what is needless taken out."""
    found: list[Node] = []
    for node in map(_plain_node, nodes):
        if _idles(node):
            continue
        reduced = _reduction(found[-1], node) if found else None
        found[-1:] = [reduced] if reduced else [*found[-1:], node]
    return tuple(found)


def _idles(node: Node) -> bool:
    return isinstance(node, Module) and node.name == IDENTITY.name


def _reduction(first: Node, second: Node) -> Module | None:
    """Return the reduction that an adaptive pooling and a flattening are together, None if they are not."""
    pooled = isinstance(first, Module) and first.name == "pool" and first.get("size", 1) == 1
    if not (pooled and isinstance(first, Module) and isinstance(second, Module) and second.name == "flatten"):
        return None
    return Module(str(first.get("by", "mean")), adaptor=first.adaptor and second.adaptor)


def _plain_node(node: Node) -> Node:
    if isinstance(node, Module):
        return IDENTITY if _idles(node) else node
    if isinstance(node, Repeat):
        body = _plain_node(node.body)
        return body if _idles(body) else Repeat(body, node.times)
    if node.kind == "sequence":
        return sequence(_plain_row(node.children) or (IDENTITY,))
    children = tuple(sequence(_plain_row((child,)) or (IDENTITY,)) for child in node.children)
    if node.kind == "branches" and len(children) == 1:
        return children[0]
    kind, join = node.kind, node.join if node.kind == "branches" else "add"
    if kind == "branches" and join == "add" and len(children) == 2:
        kind, children = "residual", tuple(sorted(children, key=_idles))
    if kind == "residual" and all(map(_idles, children[1:])):
        children = children[:1]
    return Composite(kind, children, join)


def _canonical_module(module: Module, site: Site, library: Library, *, words: bool) -> Module:
    settled = site.module or module
    settled = _other_name(settled, site)
    spec = library[settled.name]
    values = dict(settled.arguments)
    values.update({name: spec.choices[name][0] for name in _idle(settled, site, spec)})
    arguments = [
        (name, values[name])
        for name in spec.choices
        if (values[name], type(values[name])) != (spec.choices[name][0], type(spec.choices[name][0]))
    ]
    if spec.width is not None:
        width = site.leaving.channels
        word = width_word(width, site.base) if words else width
        if word != "same":
            arguments.insert(0, (spec.width, word))
    return Module(spec.name, tuple(arguments), module.adaptor)


def _other_name(settled: Module, site: Site) -> Module:
    """Return a settled module under the name that is in use for what it does here."""
    channels, kept = site.entering.channels, site.leaving.channels == site.entering.channels
    values = dict(settled.arguments)
    if settled.name == "conv" and kept and values["groups"] == channels > 1:
        return Module(
            "depthwise", tuple((k, v) for k, v in settled.arguments if k not in ("width", "groups"))
        )
    if settled.name == "depthwise" and channels == 1:
        return Module("conv", (("width", 1), ("groups", 1), *settled.arguments))
    if settled.name == "group_norm" and values["groups"] == 1:
        return Module("layer_norm")
    return settled


def _idle(settled: Module, site: Site, spec: ModuleSpec) -> list[str]:
    """Return the arguments that change nothing here."""
    idle: list[str] = []
    if settled.name in ("conv", "depthwise") and settled.get("kernel") == 1:
        idle += ["dilation", "padded"]
    if settled.name in ("max_pool", "avg_pool"):
        idle += ["padded"] if settled.get("kernel") in (1, 2) else []
        floor = tuple((name, value if name != "ceil" else False) for name, value in settled.arguments)
        idle += ["ceil"] if spec.infer(site.entering, Module(spec.name, floor)) == site.leaving else []
    if settled.name == "prelu" and site.entering.channels == 1:
        idle.append("each")
    return idle
