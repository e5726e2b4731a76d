"""Which nodes two trees do not have in common: what an edit took away, put in and set otherwise.

Rows of nodes are aligned by what is equal. Of the rest, nodes of one kind in the same place count as one
that was set otherwise; a composite or a repeat that holds what stood there before counts as put around it,
and likewise for what was taken from around it. This module does *not* know which edit it was.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import zip_longest

from generator.trees.nodes import Composite, Module, Node, Path, Repeat, Tree, parts


class Mark(StrEnum):
    """What became of a node; of a composite or a repeat, the frame alone."""

    REMOVED = "removed"
    """It is in the first tree alone."""
    ADDED = "added"
    """It is in the second tree alone."""
    CHANGED = "changed"
    """It is in both, set otherwise."""


Marks = dict[Path, Mark]
Row = list[tuple[Path, Node]]


def rows(node: Node, path: Path) -> list[Row]:
    """Return the rows of nodes in a node: one of a repeat, one for each child of a composite, none else."""
    if isinstance(node, Repeat):
        return [_row(node.body, (*path, "body"))]
    if isinstance(node, Composite):
        return [_row(child, (*path, place)) for place, child in enumerate(node.children)]
    return []


def _row(node: Node, path: Path) -> Row:
    if isinstance(node, Composite) and node.kind == "sequence":
        return _nodes(path, node.children)
    return [(path, node)]


def changes(before: Tree, after: Tree) -> tuple[Marks, Marks]:
    """Return the marks on the nodes of both trees, by their paths; equal trees have none."""
    found = _Found()
    found.align(_nodes(("stem",), before.stem), _nodes(("stem",), after.stem))
    found.align_rows(_stages(before), _stages(after))
    found.align(_nodes(("head",), before.head), _nodes(("head",), after.head))
    return found.before, found.after


def untouched(tree: Tree, marks: Marks, other: Tree) -> list[Path]:
    """Return the paths of the parts of a tree without marks that another tree has as well."""
    there = [nodes for _, nodes in parts(other)]
    return [
        path
        for path, nodes in parts(tree)
        if nodes in there and not any(marked[: len(path)] == path for marked in marks)
    ]


def _stages(tree: Tree) -> list[Row]:
    return [_nodes(("stages", number), stage) for number, stage in enumerate(tree.stages)]


def _nodes(path: Path, nodes: Sequence[Node]) -> Row:
    return [((*path, place), node) for place, node in enumerate(nodes)]


class _Found:
    """The marks so far."""

    def __init__(self) -> None:
        self.before: Marks = {}
        self.after: Marks = {}

    def align(self, before: Row, after: Row) -> None:
        """Mark what two rows do not have in common."""
        for gone, come in _differing([node for _, node in before], [node for _, node in after]):
            self._replaced(before[gone], after[come])

    def align_rows(self, before: Sequence[Row], after: Sequence[Row]) -> None:
        """Mark what stages, or the rows of a composite, do not have in common."""
        nodes = ([tuple(node for _, node in row) for row in found] for found in (before, after))
        nothing: Row = []
        for gone, come in _differing(*nodes):
            for left, right in zip_longest(before[gone], after[come], fillvalue=nothing):
                self.align(left, right)

    def _replaced(self, gone: Row, come: Row) -> None:
        """Mark a run of nodes that stands in the place of another run, none of which is equal."""
        while gone and come and _alike(gone[0][1], come[0][1]):
            self._changed(gone[0], come[0])
            gone, come = gone[1:], come[1:]
        while gone and come and _alike(gone[-1][1], come[-1][1]):
            self._changed(gone[-1], come[-1])
            gone, come = gone[:-1], come[:-1]
        if (inside := _around(come, gone)) is not None:
            self.after[come[0][0]] = Mark.ADDED
            self._within(gone, inside, come[0])
        elif (inside := _around(gone, come)) is not None:
            self.before[gone[0][0]] = Mark.REMOVED
            self._within(inside, come, gone[0])
        else:
            for path, node in gone:
                _mark(self.before, path, node, Mark.REMOVED)
            for path, node in come:
                _mark(self.after, path, node, Mark.ADDED)

    def _changed(self, left: tuple[Path, Node], right: tuple[Path, Node]) -> None:
        if _frame(left[1]) != _frame(right[1]):
            self.before[left[0]] = self.after[right[0]] = Mark.CHANGED
        self.align_rows(rows(left[1], left[0]), rows(right[1], right[0]))

    def _within(self, before: Row, after: Row, frame: tuple[Path, Node]) -> None:
        """Mark what differs between what stands in a frame and without it, and the frame's other rows."""
        self.align(before, after)
        marks, mark = (self.after, Mark.ADDED) if frame[0] in self.after else (self.before, Mark.REMOVED)
        for row in rows(frame[1], frame[0]):
            if row not in (before, after):
                for path, node in row:
                    _mark(marks, path, node, mark)


def _differing(before: Sequence[Hashable], after: Sequence[Hashable]) -> Iterator[tuple[slice, slice]]:
    """Yield runs that stand in each other's place; what is equal at both ends is not torn apart for more."""
    shorter, start, end = min(len(before), len(after)), 0, 0
    while start < shorter and before[start] == after[start]:
        start += 1
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    inner = before[start : len(before) - end], after[start : len(after) - end]
    for tag, i, j, k, m in SequenceMatcher(None, *inner, autojunk=False).get_opcodes():
        if tag != "equal":
            yield slice(start + i, start + j), slice(start + k, start + m)


def _alike(left: Node, right: Node) -> bool:
    """Return whether two nodes may be one that was set otherwise, and neither was put around the other."""
    if _around([((), left)], [((), right)]) is not None or _around([((), right)], [((), left)]) is not None:
        return False
    if isinstance(left, Module) and isinstance(right, Module):
        return left.name == right.name
    if isinstance(left, Composite) and isinstance(right, Composite):
        return left.kind == right.kind
    return isinstance(left, Repeat) and isinstance(right, Repeat)


def _frame(node: Node) -> object:
    """Return what a node is besides the nodes in it."""
    if isinstance(node, Repeat):
        return node.times
    return (node.kind, node.join, len(node.children)) if isinstance(node, Composite) else node


def _around(outer: Row, inner: Row) -> Row | None:
    """Return the row of the only node of `outer` that holds something of `inner`, None where none does."""
    if len(outer) != 1 or not inner:
        return None
    held: Sequence[Row] = rows(outer[0][1], outer[0][0])
    wanted = {node for _, node in inner}
    return next((row for row in held if any(node in wanted for _, node in row)), None)


def _mark(marks: Marks, path: Path, node: Node, mark: Mark) -> None:
    marks[path] = mark
    for row in rows(node, path):
        for inner, child in row:
            _mark(marks, inner, child, mark)
