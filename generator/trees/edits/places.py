"""Places in a tree: what stands there, and the tree with something else there.

A path leads to a node; `(..., "end")` is the place behind all nodes of a part, or of a composite's child, for
what is put in. This module does *not* know which trees are legal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

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
)

END = "end"
"""The last step of a path to the place behind everything."""


def slots(tree: Tree) -> Iterator[Path]:
    """Yield the places for a further node: in front of each node, and behind the last of each row."""
    for path, nodes in parts(tree):
        for index, node in enumerate(nodes):
            yield (*path, index)
            yield from _slots((*path, index), node)
        yield (*path, END)


def _slots(path: Path, node: Node) -> Iterator[Path]:
    if isinstance(node, Module):
        return
    if isinstance(node, Repeat):
        children: list[tuple[Path, Node]] = [((*path, "body"), node.body)]
    else:
        children = [((*path, index), child) for index, child in enumerate(node.children)]
    in_a_row = isinstance(node, Composite) and node.kind == "sequence"
    for place, child in children:
        if not (isinstance(child, Composite) and child.kind == "sequence"):
            yield place
        yield from _slots(place, child)
        if not in_a_row:
            yield (*place, END)


def at(tree: Tree, path: Path) -> Node:
    """Return the node at a path.

    Raises:
        LookupError: There is none.
    """
    row, rest = _part(tree, path)
    return _at(Composite("sequence", row), rest)


def row_at(tree: Tree, path: Path) -> Sequence:
    """Return the node at a path and those behind it in the same row; for a child that stands alone, it alone.

    Raises:
        LookupError: There is none.
    """
    node = at(tree, path)
    return _row_of(tree, path[:-1])[_number(path[-1]) :] if in_row(tree, path) else (node,)


def in_row(tree: Tree, path: Path) -> bool:
    """Return whether a place is in a row: of a part, or of a sequence in a composite."""
    if len(path) == (3 if path[0] == "stages" else 2):
        return True
    owner = at(tree, path[:-1])
    return isinstance(owner, Composite) and owner.kind == "sequence"


def beside(tree: Tree, path: Path) -> Sequence:
    """Return the nodes between which something would be put at a path: two, one or none."""
    if path[-1] == END:
        row = _row_of(tree, path[:-1])
        return row[-1:]
    if not in_row(tree, path):
        return (at(tree, path),)
    row, index = _row_of(tree, path[:-1]), _number(path[-1])
    return row[max(index - 1, 0) : index + 1]


def _row_of(tree: Tree, path: Path) -> Sequence:
    if path in {part for part, _ in parts(tree)}:
        return _part(tree, path)[0]
    node = at(tree, path)
    return node.children if isinstance(node, Composite) and node.kind == "sequence" else (node,)


def put(tree: Tree, path: Path, nodes: Sequence, *, instead_of: int = 1) -> Tree:
    """Return the tree with other nodes at a path, in normal form.

    Args:
        tree: A tree.
        path: Where; it may end in `END`, or be that of a whole part, which is then replaced.
        nodes: What is put there, nothing to take away alone.
        instead_of: How many nodes of the row they replace, from `path` on; 0 to put them in front of it.

    Raises:
        LookupError: There is no such place.
    """
    row, rest = _part(tree, path)
    changed = _put(Composite("sequence", row), rest, nodes, instead_of) if rest else sequence(nodes)
    found = changed.children if isinstance(changed, Composite) and changed.kind == "sequence" else (changed,)
    if path[0] == "stages":
        place = _number(path[1])
        return normal(replace(tree, stages=(*tree.stages[:place], found, *tree.stages[place + 1 :])))
    return normal(replace(tree, stem=found) if path[0] == "stem" else replace(tree, head=found))


def _part(tree: Tree, path: Path) -> tuple[Sequence, Path]:
    match path:
        case ("stem", *rest):
            return tree.stem, tuple(rest)
        case ("head", *rest):
            return tree.head, tuple(rest)
        case ("stages", int(number), *rest) if 0 <= number < len(tree.stages):
            return tree.stages[number], tuple(rest)
    raise LookupError(f"there is no place {path}")


def _number(step: str | int) -> int:
    if not isinstance(step, int) or step < 0:
        raise LookupError(f"there is no place '{step}'")
    return step


def _at(node: Node, path: Path) -> Node:
    for step in path:
        if isinstance(node, Repeat) and step == "body":
            node = node.body
        elif isinstance(node, Composite) and _number(step) < len(node.children):
            node = node.children[_number(step)]
        else:
            raise LookupError(f"there is no place '{step}'")
    return node


def _put(node: Node, path: Path, nodes: Sequence, instead_of: int) -> Node:
    """Return `node` with others at a path in it."""
    if path == (END,):
        return sequence((node, *nodes))
    if isinstance(node, Repeat) and path and path[0] == "body":
        return replace(node, body=_put_child(node.body, path[1:], nodes, instead_of))
    if not isinstance(node, Composite) or not path or _number(path[0]) >= len(node.children):
        raise LookupError(f"there is no place {path}")
    index, rest = _number(path[0]), path[1:]
    before, child, after = node.children[:index], node.children[index], node.children[index + 1 :]
    if rest:
        return replace(node, children=(*before, _put(child, rest, nodes, instead_of), *after))
    if node.kind == "sequence":
        return replace(node, children=(*before, *nodes, *node.children[index + instead_of :]))
    if instead_of and not nodes:
        return replace(node, children=(*before, *after))
    return replace(node, children=(*before, _put_child(child, (), nodes, instead_of), *after))


def _put_child(child: Node, path: Path, nodes: Sequence, instead_of: int) -> Node:
    if path:
        return _put(child, path, nodes, instead_of)
    return sequence(nodes if instead_of else (*nodes, child))
