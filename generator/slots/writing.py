"""Rows of a tree as classes of a slotted network, and the scaffold around them.

A row is written as the stem of a small tree, whose program `generator.trees.rendering` writes; what builds
the stem is taken out of it. This module does *not* choose rows.
"""

from __future__ import annotations

import ast

from corpus.records.tasks.shape import TaskShape
from generator.slots.contract import PREFIX
from generator.trees.nodes import Module, Sequence, Tree
from generator.trees.rendering import render
from generator.trees.specs import Library, Shape

_HEAD = (Module("mean"), Module("classifier"))
_CLASS = """\
class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = {body}

    def forward(self, x):
        return self.body(x)
"""


def ending(nodes: Sequence) -> Tree:
    """Return the smallest network around a row: its stem is the row."""
    return Tree(nodes, (), _HEAD)


def around(entering: Shape, classes: int = 2) -> TaskShape:
    """Return the task whose images are what enters."""
    channels, height, width = entering
    return TaskShape(channels=channels, height=height, width=width, classes=classes)


def class_text(name: str, nodes: Sequence, entering: Shape, library: Library) -> str:
    """Return a row as a class that is built without arguments, with whatever it needs in front.

    Raises:
        IllegalTreeError: The row cannot take what enters it.
    """
    program = render(ending(nodes), around(entering), library)
    *before, network = ast.parse(program).body
    lines = program.splitlines()
    needed = [each for each in before if not isinstance(each, ast.FunctionDef)]
    imports = [each for each in needed if isinstance(each, ast.Import | ast.ImportFrom)]
    classes = ["\n".join(lines[each.lineno - 1 : each.end_lineno]) for each in needed if each not in imports]
    own = _CLASS.format(name=name, body=_assigned(program, network, "stem", entering.channels))
    return "\n\n\n".join(["\n".join(map(ast.unparse, imports)), *classes, own])


def scaffold_text(slots: list[str], head: Sequence, entering: Shape, classes: int, library: Library) -> str:
    """Return the program that calls slots one after the other, and then a head.

    Args:
        slots: The slots' names, which become attributes of the network.
        head: The row from the last slot's features to the scores.
        entering: What enters the head.
        classes: The task's classes; the program reads them from its arguments.
        library: The modules of trees.
    """
    program = render(Tree((), (), head), around(entering, classes), library)
    network = ast.parse(program).body[-1]
    written = _assigned(program, network, "head", entering.channels)
    built = [*(f"self.{name} = {PREFIX}{name}()" for name in slots), f"self.head = {written}"]
    called = [*(f"x = self.{name}(x)" for name in slots), "return self.head(x)"]
    lines = program.splitlines()
    for statement, new in ((_forward(network), called), (_assignment(network, "head"), built)):
        indent = " " * statement.col_offset
        lines[statement.lineno - 1 : statement.end_lineno] = [indent + line for line in new]
    return "\n".join(lines) + "\n"


def _assigned(program: str, network: ast.stmt, name: str, channels: int) -> str:
    """Return what a network sets an attribute to, as it is written, the images' channels as a number."""
    value = ast.get_source_segment(program, _assignment(network, name).value)
    return str(value).replace("in_shape[1]", str(channels))


def _assignment(network: ast.stmt, name: str) -> ast.Assign:
    """Return the statement that sets an attribute of a network."""
    for node in ast.walk(network):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=attribute)]) if attribute == name:
                return node
    raise LookupError(name)


def _forward(network: ast.stmt) -> ast.stmt:
    """Return the only statement of the forward pass."""
    methods = (each for each in ast.walk(network) if isinstance(each, ast.FunctionDef))
    return next(each.body[0] for each in methods if each.name == "forward")
