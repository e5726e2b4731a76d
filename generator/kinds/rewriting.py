"""Edits of a program's text that leave the rest of it as it stands: its network's name, and its loss.

Places are those of the syntax tree, so that no string or comment is touched, and lines keep their numbers.
This module does *not* know what becomes of the program.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from corpus.programs.contract import NETWORK
from corpus.records.tasks.kinds import TaskKind

_CLASSES = {"CrossEntropyLoss", "NLLLoss"}
_FUNCTIONS = {"cross_entropy", "nll_loss"}
_FUNCTION_OF_KIND = {
    TaskKind.MULTI_LABEL: "binary_cross_entropy_with_logits",
    TaskKind.SEGMENTATION: "cross_entropy",
    TaskKind.REGRESSION: "mse_loss",
}
"""Each kind's loss as a function of `torch.nn.functional`."""

_CLASS = re.compile(rb"class[ \t]+\w+")


class Edit(NamedTuple):
    """Bytes of a text that another text takes the place of.

    Attributes:
        start: First byte.
        end: Byte behind the last.
        text: What stands there instead.
    """

    start: int
    end: int
    text: str = ""


class Places:
    """A program's text and its syntax tree, with the places of nodes as bytes of the text."""

    def __init__(self, source: str, tree: ast.Module) -> None:
        """Find the lines of `source`, whose line ends are `\\n`, and whose tree is `tree`."""
        self.tree, self._bytes = tree, source.encode()
        self._lines = [0]
        for line in self._bytes.split(b"\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)

    def start(self, node: ast.AST) -> int:
        """Return where a node begins."""
        return self._lines[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Return where a node ends."""
        return self._lines[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def word(self, end: int, old: str, new: str) -> Iterator[Edit]:
        """Yield the edit of the word that ends at `end`, if it is `old`: in f-strings places are wrong."""
        if self._bytes[end - len(old) : end] == old.encode():
            yield Edit(end - len(old), end, new)

    def name(self, node: ast.ClassDef) -> int:
        """Return where the name of a class ends; 0 where it is written in an odd way."""
        found = _CLASS.match(self._bytes, self.start(node))
        return found.end() if found else 0

    def edited(self, edits: list[Edit]) -> str:
        """Return the text after `edits`; of two that overlap the later begins where the earlier ends."""
        pieces, position = [], 0
        for edit in sorted(edits):
            if edit.end > position:
                pieces += [self._bytes[position : max(position, edit.start)], edit.text.encode()]
                position = edit.end
        return b"".join([*pieces, self._bytes[position:]]).decode()


def renamed(places: Places, name: str) -> Iterator[Edit]:
    """Yield the edits by which the class `Net` is called `name`, wherever the program speaks of it."""
    for node in ast.walk(places.tree):
        match node:
            case ast.ClassDef() if node.name == NETWORK:
                yield from places.word(places.name(node), NETWORK, name)
            case ast.Name() if node.id == NETWORK:
                yield from places.word(places.end(node), NETWORK, name)
            case ast.Constant(value=str(text)) if text == NETWORK:  # an annotation, or a name in `__all__`
                yield from places.word(places.end(node) - 1, NETWORK, name)


def with_loss(places: Places, kind: TaskKind) -> Iterator[Edit]:
    """Yield the edits by which a program that classifies trains with the loss of another kind.

    Cross-entropy and the negative log-likelihood are replaced, as modules and as functions, with their
    arguments but for scores, targets and the reduction; where it was the latter, so is the logarithm of the
    softmax before it. Other losses stay as they are.
    """
    if kind not in _FUNCTION_OF_KIND:
        return
    names = dict.fromkeys(_CLASSES, kind.loss) | dict.fromkeys(_FUNCTIONS, _FUNCTION_OF_KIND[kind])
    calls = [node for node in ast.walk(places.tree) if isinstance(node, ast.Call)]
    likelihood = any(_name(node) in ("NLLLoss", "nll_loss") for node in ast.walk(places.tree))
    names |= {"LogSoftmax": "Identity"} if likelihood else {}
    for node in ast.walk(places.tree):
        name = _name(node)
        if name in names and names[name] != name:
            start = places.start(node)
            end = start + len(name) if isinstance(node, ast.alias) else places.end(node)
            yield from places.word(end, name, names[name])
    for call in calls:
        name = _name(call.func)
        if name in names and names[name] != name and name != "LogSoftmax":
            yield from _without_extras(places, call, kept=2 if name in _FUNCTIONS else 0)
        elif name == "log_softmax" and likelihood:
            yield from _unwrapped(places, call)


def _name(node: ast.AST) -> str:
    """Return the last word of `nn.CrossEntropyLoss` or of what is imported, empty for other nodes."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
            return name
    return ""


def _without_extras(places: Places, call: ast.Call, kept: int) -> Iterator[Edit]:
    """Yield the edits by which a call keeps its first arguments and the reduction alone."""
    given = sorted([*call.args, *call.keywords], key=places.start)
    for number, each in enumerate(given):
        named = isinstance(each, ast.keyword) and each.arg in ("input", "target", "reduction")
        if not (named or (isinstance(each, ast.expr) and number < kept)):
            begin = places.end(given[number - 1] if number else call.func) + (not number)
            following = number == 0 and len(given) > 1
            yield Edit(begin, places.start(given[1]) if following else places.end(each))


def _unwrapped(places: Places, call: ast.Call) -> Iterator[Edit]:
    """Yield the edits that leave of `F.log_softmax(x, 1)`, or of `x.log_softmax(1)`, the `x`."""
    numbers = ast.Constant | ast.UnaryOp
    kept = next((each for each in call.args if not isinstance(each, numbers)), None)
    if kept is None and isinstance(call.func, ast.Attribute):
        kept = call.func.value
    if kept is not None:
        bare = isinstance(kept, ast.Name | ast.Call | ast.Attribute | ast.Subscript)
        yield Edit(places.start(call), places.start(kept), "" if bare else "(")
        yield Edit(places.end(kept), places.end(call), "" if bare else ")")
