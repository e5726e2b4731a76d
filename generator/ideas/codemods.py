"""Ideas carried out on trees: nodes that match a row are rewritten, wherever they stand or in one place.

    match = "conv(kernel=3)"         becomes = "depthwise(stride=kept) conv(out, kernel=1)"
    match = "normalisation activation"   becomes = "_ dropout2d(0.1)"
    match = ""  part = "stem"        becomes = "conv(32, kernel=5) batch_norm relu"

Both rows are written as trees are (`generator.trees.encoding`). In `match` a role (`activation`) stands for
any module of it, and so does `shortcut`, `concatenation`, `sum`, `gating`, `repeated` for a composite or
`block` for any that has weights; arguments that are given must be set so. In `becomes`, `_` is what was
matched; as widths `in` and `out` are the channels that enter and leave it, `wide`, `narrow` and `slim` twice,
half and a quarter of `out`; `kept` is what the same argument was set to.

Shapes are mended behind it, as behind any edit. This module does *not* choose an idea or a place, and whether
the network that comes of it is small enough is for the ground to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from corpus.records.search.ideas import Codemod
from corpus.records.search.probes import Probe
from generator.trees.edits.gate import operators
from generator.trees.edits.ground import Facts, Ground
from generator.trees.edits.widths import scaled_parts
from generator.trees.encoding import decode_nodes
from generator.trees.nodes import Composite, Module, Node, Path, Repeat, Tree, Value, normal, parts, sequence
from generator.trees.nodes import Sequence as Row

HOLE = "_"
"""What stands for the nodes that were matched."""

EVERYWHERE: Path = ()
"""The place of a codemod that changes all places at once."""

SMALLEST_WIDTH = 4
"""Channels that `narrow` and `slim` leave at least; our choice, as for all widths that edits propose."""

_WIDTHS: Mapping[str, Callable[[int, int], int]] = {
    "in": lambda entering, _: entering,
    "out": lambda _, leaving: leaving,
    "wide": lambda _, leaving: 2 * leaving,
    "narrow": lambda _, leaving: max(leaving // 2, SMALLEST_WIDTH),
    "slim": lambda _, leaving: max(leaving // 4, SMALLEST_WIDTH),
}
_KINDS: Mapping[str, Callable[[Node], bool]] = {
    "shortcut": lambda node: isinstance(node, Composite) and node.kind == "residual",
    "concatenation": lambda node: (
        isinstance(node, Composite) and (node.kind, node.join) == ("branches", "cat")
    ),
    "sum": lambda node: isinstance(node, Composite) and (node.kind, node.join) == ("branches", "add"),
    "gating": lambda node: isinstance(node, Composite) and node.kind == "gate",
    "repeated": lambda node: isinstance(node, Repeat),
}


class CodemodError(ValueError):
    """A codemod whose rows cannot be read."""


def places(codemod: Codemod, tree: Tree, ground: Ground) -> list[Path]:
    """Return the places where a codemod leads to another legal network, in the network's order.

    That of one that changes all places at once is `EVERYWHERE`.

    Raises:
        CodemodError: One of its rows cannot be read.
    """
    found = _Rewriting(codemod, tree, ground).places()
    return [place for place in found if outcome(codemod, tree, place, ground) is not None]


def outcome(codemod: Codemod, tree: Tree, place: Path, ground: Ground) -> Facts | None:
    """Return what becomes of a tree: legal and in canonical form, None where it cannot be, or is the same.

    Raises:
        CodemodError: One of the codemod's rows cannot be read.
    """
    draft = _Rewriting(codemod, tree, ground).at(place)
    after = None if draft == tree else ground.finished(draft)
    return after if after is not None and after.seen != ground.facts(tree).seen else None


def unshown(codemod: Codemod, before: Probe, after: Probe) -> str | None:
    """Return what recorded graphs do not show although the codemod says it, None where they show all.

    Args:
        codemod: The codemod.
        before: The parent's probe.
        after: The child's; both passed.
    """
    for sight in codemod.shows:
        first, second = (_measure(probe, sight[1:]) for probe in (before, after))
        if first is None or second is None:
            return "no graph of parent or child was recorded"
        if (second - first) * (1 if sight[0] == "+" else -1) <= 0:
            return f"it does not show {sight} ({first:g} before, {second:g} behind)"
    return None


def _measure(probe: Probe, what: str) -> float | None:
    if what in ("parameters", "flops"):
        value: int | None = getattr(probe, what)
        return value
    if probe.graph is None:
        return None
    if what == "operators":
        return operators(probe.graph)
    return sum(node.op == what for node in probe.graph.nodes)


class _Rewriting:
    """One codemod on one tree."""

    def __init__(self, codemod: Codemod, tree: Tree, ground: Ground) -> None:
        self.codemod, self.tree, self.ground = codemod, tree, ground
        self._pattern, self._template = (_read(row, ground) for row in (codemod.match, codemod.becomes))

    def places(self) -> list[Path]:
        """Return where it might work."""
        if self.codemod.match:
            found = [path for part, row in self._parts() for path, _ in self._matches(part, row)]
        else:
            found = [part for part, _ in self._parts()]
        return [EVERYWHERE] if self.codemod.every and found else found

    def at(self, place: Path) -> Tree:
        """Return the draft that comes of it at a place."""
        if self.codemod.scale is not None:
            chosen = [part for part, _ in self._parts() if place in (EVERYWHERE, part)]
            return scaled_parts(
                self.tree, chosen, Fraction(self.codemod.scale).limit_denominator(64), self.ground
            )
        tree = self.tree
        for part, row in self._parts():
            if self.codemod.match:
                changed = self._row(part, row, place)
            elif place in (EVERYWHERE, part):
                changed = self._becomes([(*part, index) for index in range(len(row))])
            else:
                continue
            tree = _with_part(tree, part, changed)
        return normal(tree)

    def _parts(self) -> Iterator[tuple[Path, Row]]:
        last = len(self.tree.stages) - 1
        for path, row in parts(self.tree):
            stage = path[1] if path[0] == "stages" else None
            where = {"any", str(path[0])}
            where |= {"first stage"} if stage == 0 else set()
            where |= {"last stage"} if stage is not None and stage == last else set()
            if self.codemod.part in where:
                yield path, row

    def _matches(self, path: Path, row: Row) -> Iterator[tuple[Path, int]]:
        """Yield where the row's nodes match, and how many: none within another, none that overlap."""
        pattern, index = self._pattern, 0
        while index < len(row):
            if self._fits(pattern, path, row, index):
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

    def _fits(self, pattern: Row, path: Path, row: Row, index: int) -> bool:
        """Return whether the nodes of a row match from `index` on."""
        here = row[index : index + len(pattern)]
        paths = [(*path, index + offset) for offset in range(len(here))]
        return len(here) == len(pattern) and all(map(self._alike, pattern, paths, here))

    def _alike(self, pattern: Node, path: Path, node: Node) -> bool:
        if not isinstance(pattern, Module):
            raise CodemodError(f"'{self.codemod.match}' may hold modules, roles and kinds alone")
        if pattern.name in _KINDS:
            return _KINDS[pattern.name](node)
        if pattern.name == "block":
            return not isinstance(node, Module) and self.ground.weighty(node)
        spec, site = self.ground.spec(node), self.ground.facts(self.tree).layout.sites.get(path)
        if spec is None or site is None or site.module is None or site.module.adaptor:
            return False
        named = pattern.name in (spec.name, spec.role)
        return named and all(site.module.get(name) == value for name, value in pattern.arguments)

    def _row(self, path: Path, row: Row, place: Path) -> Row:
        """Return a row rewritten, in one place or everywhere."""
        found = {where: count for where, count in self._matches(path, row) if place in (EVERYWHERE, where)}
        return self._rewritten(path, row, found) if found else row

    def _rewritten(self, path: Path, row: Row, found: Mapping[Path, int]) -> Row:
        nodes: list[Node] = []
        index = 0
        while index < len(row):
            here = (*path, index)
            count = found.get(here, 0)
            if count:
                nodes += self._becomes([(*path, index + offset) for offset in range(count)])
            else:
                nodes.append(self._node(here, row[index], found))
            index += count or 1
        return tuple(nodes)

    def _node(self, path: Path, node: Node, found: Mapping[Path, int]) -> Node:
        if path in found:
            return sequence(self._becomes([path]) or (Module("identity"),))
        if isinstance(node, Repeat):
            return replace(node, body=self._node((*path, "body"), node.body, found))
        if isinstance(node, Composite) and node.kind == "sequence":
            return sequence(self._rewritten(path, node.children, found) or (Module("identity"),))
        if isinstance(node, Composite):
            children = [self._node((*path, index), child, found) for index, child in enumerate(node.children)]
            return replace(node, children=tuple(children))
        return node

    def _becomes(self, paths: Sequence[Path]) -> Row:
        """Return what stands in the place of nodes."""
        sites = self.ground.facts(self.tree).layout.sites
        known = [sites[path] for path in paths if path in sites]
        entering, leaving = (known[0].entering.channels, known[-1].leaving.channels) if known else (1, 1)
        settled = [site.module for site in known if site.module is not None]
        held = tuple(self.ground.numbered(self.tree, path) for path in paths)

        def one(node: Node) -> Node:
            if isinstance(node, Repeat):
                return replace(node, body=one(node.body))
            if isinstance(node, Composite):
                return replace(node, children=tuple(map(one, node.children)))
            if node.name == HOLE:
                return sequence(held or (Module("identity"),))
            spec = self.ground.spec(node)
            width = spec.width if spec else None
            return replace(
                node,
                arguments=tuple(
                    (name, _meant(name, value, width, entering, leaving, settled))
                    for name, value in node.arguments
                ),
            )

        return tuple(map(one, self._template))


def _meant(
    name: str, value: Value, width: str | None, entering: int, leaving: int, settled: Sequence[Module]
) -> Value:
    """Return what a word in `becomes` means here; any other value is itself."""
    if name == width and isinstance(value, str) and value in _WIDTHS:
        return _WIDTHS[value](entering, leaving)
    if value != "kept":
        return value
    return next((module.get(name) for module in settled if name in dict(module.arguments)), value)


def _inside(path: Path, node: Node) -> Iterator[tuple[Path, Node]]:
    """Yield what a composite or a repeat holds."""
    if isinstance(node, Repeat):
        yield (*path, "body"), node.body
    elif isinstance(node, Composite):
        for index, child in enumerate(node.children):
            yield (*path, index), child


def _with_part(tree: Tree, part: Path, row: Row) -> Tree:
    """Return a tree, not in normal form, so that the places of its other parts stay."""
    if part[0] == "stages":
        number = part[1]
        stages = tuple(row if index == number else stage for index, stage in enumerate(tree.stages))
        return replace(tree, stages=stages)
    return replace(tree, stem=row) if part[0] == "stem" else replace(tree, head=row)


def _read(row: str, ground: Ground) -> Row:
    nodes = decode_nodes(row, ground.library)
    if nodes is None:
        raise CodemodError(f"'{row}' is no row of modules")
    return nodes
