"""A model's answer as a tree, or the kind of mistake that it is.

An answer is free text of a model: of it the first line with a bar counts, within the bounds of
`generator.trees.encoding`; of a network many times too large nothing more is found out. Shapes are mended by
adaptors, as behind any edit. This module does *not* ask.
"""

from __future__ import annotations

from typing import NamedTuple

from generator.trees.edits.ground import MOST_MODULES, Ground
from generator.trees.encoding import LONGEST_TEXT, decode
from generator.trees.nodes import Tree, walk
from generator.trees.shapes import lay_out

MOST_NODES = 2 * MOST_MODULES
"""Nodes of a tree whose shapes are mended; our choice: twice what any network may have."""

_HALLUCINATED = ("unknown", "argument")
_GOES_ON = "([,;=|"


class Mistake(NamedTuple):
    """Why there is no child.

    Attributes:
        name: One of `generator.ideas.told.FAILURES`.
        text: It in words, one line.
    """

    name: str
    text: str


def read(answer: str, ground: Ground) -> Tree | Mistake:
    """Return the network in an answer, legal on a ground and in canonical form, or what is wrong with it."""
    line = _line(answer[:LONGEST_TEXT])
    tree = decode(line, ground.library)
    if tree is None:
        if _breaks_off(line):
            return Mistake("truncated", "the line breaks off: write it to its end")
        return Mistake("unreadable", "there is no line with a network: stem | stages | head")
    if sum(1 for _ in walk(tree)) > MOST_NODES:
        return Mistake("budget", f"it has more than {MOST_NODES} modules")
    layout = lay_out(tree, ground.shape, ground.library)
    unknown = next((each for each in layout.problems if each.kind in _HALLUCINATED), None)
    if unknown is not None:
        return Mistake("hallucinated", unknown.text)
    if any(each.kind == "classifier" for each in layout.problems):
        return Mistake("truncated", "the line does not come to a head that ends in `classifier`")
    facts = ground.finished(tree)
    if facts is not None:
        return facts.tree
    if layout.problems:
        return Mistake("shape", layout.problems[0].text)
    return Mistake("budget", "it is many times too large")


def _line(answer: str) -> str:
    """Return the first line that may be a network, without what chat models put around it."""
    lines = [line.strip().strip("`*-> ").strip() for line in answer.splitlines()]
    return next((line for line in lines if "|" in line), next(filter(None, lines), ""))


def _breaks_off(line: str) -> bool:
    """Return whether a line has a bar and brackets that stay open, or ends where something must follow."""
    opened = sum(map(line.count, "([")) - sum(map(line.count, ")]"))
    return "|" in line and (opened > 0 or line[-1] in _GOES_ON)
