"""Ideas carried out on trees: nodes that match a row are rewritten, wherever they stand or in one place.

    match = "conv(kernel=3)"             becomes = "depthwise(stride=kept) conv(out, kernel=1)"
    match = "normalisation activation"   becomes = "_2 _1"
    match = "shortcut"                   becomes = "residual(_first batch_norm; _rest)"
    match = ""  part = "stem"            becomes = "conv(32, kernel=5) batch_norm relu"

Both rows are written as trees are (`generator.trees.encoding`).

In `match` a role (`activation`) stands for any module of it; `shortcut`, `concatenation`, `sum` (of three
and more), `gating` and `repeated` for a composite, `block` for any that has weights. Arguments that are given
must be set so; a width may be a word, or `in`: as many channels as enter. What a gate's row ends in, its
sigmoid, is no `activation`: it is matched by its own name alone. Adaptors are never matched.

In `becomes`, `_` is what was matched and `_1`, `_2` its first and second node; of a single composite or
repeat `_first` is the first child, and `_rest` the others, which of a plain shortcut is the identity. As
widths `in` and `out` are the channels that enter and leave what was matched, `wide`, `narrow` and `slim`
twice, half and a quarter of `out`. `kept` is what the first matched module with that argument has it set to.

What the graph must show is read by `generator.ideas.sights`. Dropout shows in no graph that is recorded at
evaluation: a codemod that puts in nothing else leads nowhere.

Shapes are mended behind it, as behind any edit. This module does *not* choose an idea or a place, and whether
the network that comes of it is small enough is for the ground to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from corpus.records.search.ideas import Codemod
from generator.ideas.rows import BLOCK, HOLE, KINDS, CodemodError, Held, filled, read_rows
from generator.trees.edits.ground import MOST_MODULES, Facts, Ground
from generator.trees.edits.widths import scaled_parts
from generator.trees.nodes import Composite, Module, Node, Path, Repeat, Tree, normal, parts, sequence, walk
from generator.trees.nodes import Sequence as Row
from generator.trees.shapes import Site
from generator.trees.specs import ModuleSpec, width_number

__all__ = ["EVERYWHERE", "HOLE", "CodemodError", "outcome", "outcomes", "places"]

EVERYWHERE: Path = ()
"""The place of a codemod that changes all places at once."""

MOST_NODES = 8 * MOST_MODULES
"""Nodes of a draft, repeats written out, beyond which it is given up: a row of a few characters can ask for
billions. Our choice: far more than a network has, dropout and adaptors included."""


def places(codemod: Codemod, tree: Tree, ground: Ground) -> list[Path]:
    """Return the places where a codemod leads to another legal network, in the network's order.

    That of one that changes all places at once is `EVERYWHERE`.

    Raises:
        CodemodError: One of its rows cannot be read.
    """
    return list(outcomes(codemod, tree, ground))


def outcomes(codemod: Codemod, tree: Tree, ground: Ground) -> dict[Path, Facts]:
    """Return what becomes of a tree at each of its `places`, in the network's order.

    Raises:
        CodemodError: One of the codemod's rows cannot be read.
    """
    rewriting = _Rewriting(codemod, tree, ground)
    found = {place: rewriting.outcome(place) for place in rewriting.places()}
    return {place: after for place, after in found.items() if after is not None}


def outcome(codemod: Codemod, tree: Tree, place: Path, ground: Ground) -> Facts | None:
    """Return what becomes of a tree: legal and in canonical form, None where it cannot be, or is the same.

    Raises:
        CodemodError: One of the codemod's rows cannot be read.
    """
    return _Rewriting(codemod, tree, ground).outcome(place)


class _Rewriting:
    """One codemod on one tree."""

    def __init__(self, codemod: Codemod, tree: Tree, ground: Ground) -> None:
        self._codemod, self._tree, self._ground = codemod, tree, ground
        self._pattern, self._template = read_rows(codemod, ground.library)
        self._facts = ground.facts(tree)
        self._sites: Mapping[Path, Site] = self._facts.layout.sites
        self._gated = set(_ends_of_gates(tree))

    def places(self) -> list[Path]:
        """Return where it might work."""
        if self._codemod.match:
            found = [path for part, row in self._parts() for path, _ in self._matches(part, row)]
        else:
            found = [part for part, _ in self._parts()]
        return [EVERYWHERE] if self._codemod.every and found else found

    def outcome(self, place: Path) -> Facts | None:
        """Return what becomes of the tree at a place."""
        draft = self._draft(place)
        fits = (
            draft != self._tree
            and sum(_extent(node) for _, row in parts(draft) for node in row) <= MOST_NODES
        )
        after = self._ground.finished(draft) if fits else None
        return after if after is not None and after.seen != self._facts.seen else None

    def _draft(self, place: Path) -> Tree:
        if self._codemod.scale is not None:
            chosen = [part for part, _ in self._parts() if place in (EVERYWHERE, part)]
            factor = Fraction(self._codemod.scale).limit_denominator(64)
            return scaled_parts(self._tree, chosen, factor, self._ground)
        tree = self._tree
        for part, row in self._parts():
            if self._codemod.match:
                tree = _with_part(tree, part, self._row(part, row, place))
            elif place in (EVERYWHERE, part):
                whole = [(*part, index) for index in range(len(row))]
                tree = _with_part(tree, part, self._becomes(part, whole))
        return normal(tree)

    def _parts(self) -> Iterator[tuple[Path, Row]]:
        last = len(self._tree.stages) - 1
        for path, row in parts(self._tree):
            where = {"any", str(path[0])}
            if path[0] == "stages":
                where |= {"first stage"} if path[1] == 0 else set()
                where |= {"last stage"} if path[1] == last else set()
            if self._codemod.part in where:
                yield path, row

    def _matches(self, path: Path, row: Row) -> Iterator[tuple[Path, int]]:
        """Yield where the row's nodes match, and how many: none within another, none that overlap."""
        pattern, index = self._pattern, 0
        while index < len(row):
            if self._fits(path, row, index):
                yield (*path, index), len(pattern)
                index += len(pattern)
                continue
            for child, inner in _inside((*path, index), row[index]):
                yield from self._matches_in(child, inner)
            index += 1

    def _matches_in(self, path: Path, node: Node) -> Iterator[tuple[Path, int]]:
        """Yield likewise for what a composite or a repeat holds: a row, or one node that stands alone."""
        if isinstance(node, Composite) and node.kind == "sequence":
            yield from self._matches(path, node.children)
        elif len(self._pattern) == 1 and self._alike(self._pattern[0], path, node):
            yield path, 1
        else:
            for child, inner in _inside(path, node):
                yield from self._matches_in(child, inner)

    def _fits(self, path: Path, row: Row, index: int) -> bool:
        """Return whether the nodes of a row match from `index` on."""
        here = row[index : index + len(self._pattern)]
        paths = [(*path, index + offset) for offset in range(len(here))]
        return len(here) == len(self._pattern) and all(map(self._alike, self._pattern, paths, here))

    def _alike(self, pattern: Module, path: Path, node: Node) -> bool:
        if pattern.name in KINDS:
            return KINDS[pattern.name](node)
        spec, site = self._ground.spec(node), self._sites.get(path)
        if pattern.name == BLOCK:
            return self._ground.weighty(node) and (spec is None or spec.role == BLOCK)
        if spec is None or site is None or site.module is None or site.module.adaptor:
            return False
        named = pattern.name == spec.name or (pattern.name == spec.role and path not in self._gated)
        return named and all(_set_so(spec, site, name, value) for name, value in pattern.arguments)

    def _row(self, path: Path, row: Row, place: Path) -> Row:
        """Return a part's row rewritten, in one place or everywhere."""
        found = {where: count for where, count in self._matches(path, row) if place in (EVERYWHERE, where)}
        return self._rewritten(path, row, found) if found else row

    def _rewritten(self, path: Path, row: Row, found: Mapping[Path, int]) -> Row:
        nodes: list[Node] = []
        index = 0
        while index < len(row):
            here = (*path, index)
            count = found.get(here, 0)
            if count:
                nodes += self._becomes(here, [(*path, index + offset) for offset in range(count)])
            else:
                nodes.append(self._node(here, row[index], found))
            index += count or 1
        return tuple(nodes)

    def _node(self, path: Path, node: Node, found: Mapping[Path, int]) -> Node:
        if path in found:
            return sequence(self._becomes(path, [path]) or (Module("identity"),))
        if isinstance(node, Repeat):
            return replace(node, body=self._node((*path, "body"), node.body, found))
        if isinstance(node, Composite) and node.kind == "sequence":
            return sequence(self._rewritten(path, node.children, found) or (Module("identity"),))
        if isinstance(node, Composite):
            children = [self._node((*path, index), child, found) for index, child in enumerate(node.children)]
            return replace(node, children=tuple(children))
        return node

    def _becomes(self, place: Path, paths: Sequence[Path]) -> Row:
        """Return what stands in the place of nodes, or of a part that may have none."""
        sites = [self._sites[path] for path in paths if path in self._sites]
        through = self._facts.layout.leaving.get(place)
        entering, leaving = (sites[0].entering, sites[-1].leaving) if sites else (through, through)
        held = Held(
            tuple(self._ground.numbered(self._tree, path) for path in paths),
            tuple(site.module for site in sites if site.module is not None),
            entering.channels if entering else 1,
            leaving.channels if leaving else 1,
        )
        return filled(self._template, held, self._ground.library)


def _set_so(spec: ModuleSpec, site: Site, name: str, value: object) -> bool:
    """Return whether an argument of a module is set to what a pattern says, in a word or as it is."""
    found = site.module.get(name) if site.module else None
    if name != spec.width or not isinstance(value, str):
        return found == value
    return found == (site.entering.channels if value == "in" else width_number(value, site.base))


def _ends_of_gates(tree: Tree) -> Iterator[Path]:
    """Yield the places of what the rows of gates end in."""
    for path, node in walk(tree):
        if isinstance(node, Composite) and node.kind == "gate" and node.children:
            row = node.children[0]
            if isinstance(row, Composite) and row.kind == "sequence":
                yield (*path, 0, len(row.children) - 1)
            else:
                yield (*path, 0)


def _inside(path: Path, node: Node) -> Iterator[tuple[Path, Node]]:
    """Yield what a composite or a repeat holds."""
    if isinstance(node, Repeat):
        yield (*path, "body"), node.body
    elif isinstance(node, Composite):
        for index, child in enumerate(node.children):
            yield (*path, index), child


def _extent(node: Node) -> int:
    """Return the nodes of a node, repeats written out."""
    if isinstance(node, Repeat):
        return node.times * _extent(node.body)
    return 1 if isinstance(node, Module) else 1 + sum(map(_extent, node.children))


def _with_part(tree: Tree, part: Path, row: Row) -> Tree:
    """Return a tree, not in normal form, so that the places of its other parts stay."""
    if part[0] == "stages":
        number = part[1]
        stages = tuple(row if index == number else stage for index, stage in enumerate(tree.stages))
        return replace(tree, stages=stages)
    return replace(tree, stem=row) if part[0] == "stem" else replace(tree, head=row)
