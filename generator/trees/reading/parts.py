"""Where stem, stages and head of a network begin, and which of its modules is the classifier.

A program that was rendered from a tree says it: its network's parts are called `stem`, `stage1`, ..., `head`.
Of another network the stem is the first convolution with what works on it pixel by pixel; a stage begins
wherever the sides shrink behind it; the head is what comes once a pooling has left one pixel, or features.

This module does *not* change what a network computes, but for a softmax that ends it, which belongs to the
loss.
"""

from __future__ import annotations

import re
from dataclasses import replace

from corpus.records.tasks.shape import TaskShape
from generator.trees.nodes import Composite, Module, Node, Repeat, Sequence, Tree
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.interpreter.values import Instance
from generator.trees.reading.recording.graph import Link, flat, repeats
from generator.trees.reading.recording.lifting import lifted, named
from generator.trees.reading.recording.recorder import CLASSES, SCORES
from generator.trees.shapes import lay_out
from generator.trees.specs import Library, Shape

_PART = re.compile(r"stem|stage[1-9]\d{0,3}|head")
_ON_PIXELS = frozenset({"normalisation", "activation", "regularisation"})


def parted(links: list[Link], network: Instance, shape: TaskShape, library: Library) -> Tree:
    """Return the tree of a network.

    Args:
        links: What leads from the images to the scores.
        network: The network.
        shape: The task.
        library: The modules that there are.

    Raises:
        NotATreeError: The scores do not come from a classifier.
    """
    told = _told(links, network)
    if told is not None:
        stem, *stages, head = told
        return Tree(_plain(stem), tuple(map(_plain, stages)), _plain(_with_classifier(head, shape.classes)))
    nodes = _plain(_with_classifier(lifted(flat(repeats(links))), shape.classes))
    return _split(nodes, shape, library)


def _told(links: list[Link], network: Instance) -> list[Sequence] | None:
    """Return stem, stages and head as a network's attributes tell them, None where they do not."""
    names = {id(module): name for name, module in network.children().items()}
    found: dict[str, Sequence] = {}
    for link in links:
        name = names.get(id(link.owner), "")
        if not _PART.fullmatch(name) or name in found:
            return None
        found[name] = lifted(flat(repeats([link])))
    stages = [name for name in found if name.startswith("stage")]
    ordered = [name for name in ("stem", *stages, "head") if name in found]
    if list(found) != ordered:
        return None
    return [found.get("stem", ()), *(found[name] for name in stages), found.get("head", ())]


def _with_classifier(nodes: Sequence, classes: int) -> Sequence:
    """Return nodes without a softmax at their end, and with the classifier as such."""
    if nodes and isinstance(nodes[-1], Module) and nodes[-1].name == SCORES:
        nodes = nodes[:-1]
    linear = [
        (place, node)
        for place, node in enumerate(nodes)
        if isinstance(node, Module) and node.name in ("linear", "conv")
    ]
    marked = [(place, node) for place, node in linear if node.get(CLASSES)]
    wide = [(place, node) for place, node in linear if node.get("width") == classes]
    if not marked and not wide:
        raise NotATreeError("head", "no linear layer or convolution gives a score to each class")
    place, node = (marked or wide)[-1]
    plain = all(node.get(name, 1) == 1 for name in ("kernel", "stride", "groups")) and node.get("bias")
    if not plain:
        raise NotATreeError("head", "the classifier is no linear layer, and no convolution of single pixels")
    return (*nodes[:place], Module("classifier", adaptor=node.adaptor), *nodes[place + 1 :])


def _plain(nodes: Sequence) -> Sequence:
    """Return nodes without what stands in them only while a program is read."""
    return named(tuple(map(_unmarked, nodes)))


def _unmarked(node: Node) -> Node:
    if isinstance(node, Repeat):
        return Repeat(_unmarked(node.body), node.times)
    if isinstance(node, Composite):
        return replace(node, children=tuple(map(_unmarked, node.children)))
    if node.name == SCORES:
        raise NotATreeError("module", "no module of a tree is a softmax in front of others")
    return replace(node, arguments=tuple(each for each in node.arguments if each[0] != CLASSES))


def _split(nodes: Sequence, shape: TaskShape, library: Library) -> Tree:
    """Return nodes as stem, stages and head."""
    sites = lay_out(Tree((), (), nodes), shape, library).sites
    images = Shape(shape.channels, shape.height, shape.width)
    leaving = [sites[("head", place)].leaving for place in range(len(nodes)) if ("head", place) in sites]
    if len(leaving) < len(nodes):
        raise NotATreeError("tree", "its shapes cannot be followed as those of a tree")
    head = _head(nodes, leaving, library)
    stem = min(_stem(nodes, library), head)
    stages: list[list[Node]] = []
    for place in range(stem, head):
        entering = leaving[place - 1] if place else images
        if not stages or leaving[place].height < entering.height or leaving[place].width < entering.width:
            stages.append([])
        stages[-1].append(nodes[place])
    return Tree(nodes[:stem], tuple(map(tuple, stages)), nodes[head:])


def _role(node: Node, library: Library) -> str:
    return library[node.name].role if isinstance(node, Module) else ""


def _stem(nodes: Sequence, library: Library) -> int:
    """Return how many nodes the stem has."""
    place = 0
    while place < len(nodes) and _role(nodes[place], library) not in ("", "convolution"):
        place += 1
    if place == len(nodes) or not _role(nodes[place], library):
        return 0
    place += 1
    while place < len(nodes) and _role(nodes[place], library) in _ON_PIXELS:
        place += 1
    return place


def _head(nodes: Sequence, leaving: list[Shape], library: Library) -> int:
    """Return the place of the first node of the head."""
    place = len(nodes)
    while place and (leaving[place - 1].flat or leaving[place - 1][1:] == (1, 1)):
        place -= 1
    roles = [_role(node, library) for node in nodes]
    place = min(place, roles.index("classifier"))
    while place and roles[place - 1] == "pooling":
        place -= 1
    return place
