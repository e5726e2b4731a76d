"""Any legal tree as a program of the LEMUR contract, written as a person would write it.

Stem, stages and head are attributes of the network, each an `nn.Sequential`; repeats are loops; composites
are calls of small classes, which the program holds where it needs them. A module that stands there only so
that shapes fit is marked with a comment. The text of a mined module is placed once. All programs train alike
(`generator.trees.recipe`), so an accuracy speaks of the network.

A program is written for one task: numbers that follow from its images are in it, but the images' channels and
the classes are taken from the arguments of the network. Equal trees have equal programs. This module does
*not* repair a tree, nor does it choose anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from corpus.records.tasks.shape import TaskShape
from generator.trees.layout import Phrase, separate, written
from generator.trees.nodes import Composite, Module, Node, Path, Repeat, Sequence, Tree, parts, walk
from generator.trees.recipe import HYPERPARAMETERS, IMPORTS, NET, TRAINING
from generator.trees.shapes import Layout, lay_out
from generator.trees.specs import Library, Shape
from generator.trees.texts import Texts

CLASSES: Mapping[str, str] = {
    "Residual": """\
class Residual(nn.Module):
    def __init__(self, *layers, shortcut=None):
        super().__init__()
        self.body = nn.Sequential(*layers)
        self.shortcut = nn.Identity() if shortcut is None else shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)
""",
    "Concat": """\
class Concat(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], dim=1)
""",
    "Sum": """\
class Sum(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        total = self.branches[0](x)
        for branch in self.branches[1:]:
            total = total + branch(x)
        return total
""",
    "Gate": """\
class Gate(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.gate = nn.Sequential(*layers)

    def forward(self, x):
        return x * self.gate(x)
""",
}
"""The classes of composites, by their names, in the order in which a program holds them."""

ADAPTOR = "adaptor"
"""The comment behind a module that stands there only so that shapes fit."""


class IllegalTreeError(ValueError):
    """A tree that is not legal has no program; the message says what is wrong."""


def class_name(node: Composite) -> str:
    """Return the class that a composite is a call of; it is no sequence."""
    if node.kind == "branches":
        return "Concat" if node.join == "cat" else "Sum"
    return node.kind.capitalize()


def render(tree: Tree, shape: TaskShape, library: Library) -> str:
    """Return the program of a legal tree for a task.

    Raises:
        IllegalTreeError: The tree is not legal for the task.
    """
    layout = lay_out(tree, shape, library, images=Shape(_Named(shape.channels), shape.height, shape.width))
    if layout.problems:
        raise IllegalTreeError(layout.problems[0].text)
    composites = [node for _, node in walk(tree) if isinstance(node, Composite) and node.kind != "sequence"]
    used = {class_name(node) for node in composites}
    classes = [text for name, text in CLASSES.items() if name in used]
    names = sorted({node.name for _, node in walk(tree) if isinstance(node, Module)})
    texts = Texts(IMPORTS)
    for name in names:
        texts.add(name, library[name].text)
    writer = _Writer(layout, library, texts)
    attributes = {_attribute(path): writer.part(path, nodes) for path, nodes in parts(tree) if nodes}
    setup = [line for name, phrase in attributes.items() for line in written(phrase, 8, f"self.{name} = ")]
    *before, last = attributes
    steps = [*(f"x = self.{name}(x)" for name in before), f"return self.{last}(x)"]
    forward = ["    def forward(self, x):", *(f"        {step}" for step in steps)]
    net = NET + "\n".join([*setup, "", *forward, ""]) + "\n" + TRAINING
    return "\n\n".join([texts.imports, HYPERPARAMETERS, *texts.bodies, *classes, net])


class _Named(int):
    """The channels of the images: a number to reckon with, written as what the program calls it."""

    def __repr__(self) -> str:
        return "in_shape[1]"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return format(str(self), format_spec)


def _attribute(path: Path) -> str:
    return f"stage{int(path[1]) + 1}" if path[0] == "stages" else str(path[0])


class _Writer:
    """Writes the nodes of one tree as expressions."""

    def __init__(self, layout: Layout, library: Library, texts: Texts) -> None:
        self._sites, self._library, self._texts = layout.sites, library, texts

    def part(self, path: Path, nodes: Sequence) -> Phrase:
        items = [item for number, node in enumerate(nodes) for item in self._items((*path, number), node)]
        return _one(items)

    def _items(self, path: Path, node: Node) -> Iterator[Phrase]:
        """Yield what a node is among the arguments of an `nn.Sequential`."""
        if isinstance(node, Module):
            yield from self._module(path, node)
        elif isinstance(node, Repeat):
            body = _one(list(self._items((*path, "body"), node.body)))
            yield Phrase("*[", (body,), "]", loop=node.times)
        elif node.kind == "sequence":
            for number, child in enumerate(node.children):
                yield from self._items((*path, number), child)
        else:
            yield Phrase(f"{class_name(node)}(", tuple(self._arguments(path, node)), ")")

    def _arguments(self, path: Path, node: Composite) -> Iterator[Phrase]:
        for number, child in enumerate(node.children):
            items = list(self._items((*path, number), child))
            if node.kind == "branches":
                yield _one(items)
            elif number == 0:
                yield from items
            else:
                shortcut = _one(items)
                yield replace(shortcut, opening=f"shortcut={shortcut.opening}")

    def _module(self, path: Path, node: Module) -> Iterator[Phrase]:
        site, spec = self._sites[path], self._library[node.name]
        text = self._texts.renamed(node.name, spec.write(site.entering, site.module or node))
        comment = ADAPTOR if node.adaptor else ""
        yield from (Phrase(each, comment=comment) for each in (separate(text) if spec.primitive else [text]))


def _one(items: list[Phrase]) -> Phrase:
    """Return modules as one module."""
    return items[0] if len(items) == 1 and not items[0].loop else Phrase("nn.Sequential(", tuple(items), ")")
