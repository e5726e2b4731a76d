"""From an image classifier to a program for a task of any kind.

The same text and shape give the same program. This module does *not* say whether it learns: what a network
that says one thing of a whole image knows of its positions is a coarse map (`generator.kinds.wrapper`).
"""

from __future__ import annotations

import ast
import re

from corpus.programs.contract import NETWORK
from corpus.programs.definitions import Function, Value, module_names
from corpus.programs.parsing import parse_or_none
from corpus.records.tasks.shape import TaskShape
from generator.kinds.rewriting import Places, renamed, with_loss
from generator.kinds.wrapper import needed, wrapper

CARRYING_VERSION = 1
"""Raised whenever a program is carried to another text than before."""

_MARK = "# Carried by archloop"
"""A program with a line that begins so is a program for its task, and is not carried again."""

_LINE_ENDS = re.compile("\r\n?")


def carried(source: str, shape: TaskShape) -> str:
    """Return the program for a task that a program for `shape.picture` is carried to.

    A program for a plain task is returned as it is; so is one that is carried already, and a text that cannot
    be read or that has no class `Net`, which will fail as it would have failed.

    Args:
        source: An image classifier.
        shape: The task.
    """
    if shape.plain or any(line.startswith(_MARK) for line in source.splitlines()):
        return source
    text = _LINE_ENDS.sub("\n", source)
    tree = parse_or_none(text)
    if tree is None or not _has_network(tree):
        return source
    places = Places(text, tree)
    edits = list(with_loss(places, shape.kind))
    inputs = "signals" if shape.signal else "images"
    mark = f"{_MARK} to {inputs}, {shape.kind}; what stands above classifies images.\n"
    added = [mark]
    if needed(shape):
        inner = _free("PictureNet", text)
        edits += renamed(places, inner)
        imports = [] if "torch" in module_names(tree) else ["import torch\n\n\n"]
        added = [mark, "\n\n", *imports, wrapper(shape, inner, _free("refine", text), _free("level", text))]
    return "".join([places.edited(edits).rstrip("\n"), "\n\n\n", *added])


def _has_network(tree: ast.Module) -> bool:
    """Return whether the module-level name `Net` may be a class."""
    network = module_names(tree).get(NETWORK)
    return network is not None and not isinstance(network, Function | Value)


def _free(name: str, text: str) -> str:
    """Return `name`, with as many `_` behind it as it takes that `text` does not hold it."""
    while re.search(rf"\b{name}\b", text):
        name += "_"
    return name
