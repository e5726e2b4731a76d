"""A tree as one line of text that a person, or a model, can read and write.

    conv(16) batch_norm relu | 2x[residual(conv batch_norm relu conv batch_norm) relu] | mean classifier

What is read comes from models and strangers, so it is read within bounds of length and depth, and a text that
is no tree is None. This module does *not* know whether a tree is legal, nor for which task.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from generator.trees.nodes import (
    Composite,
    Join,
    Kind,
    Module,
    Node,
    Repeat,
    Sequence,
    Tree,
    Value,
    normal,
    sequence,
)
from generator.trees.specs import WIDTH_WORDS, Library, ModuleSpec

LONGEST_TEXT = 20_000
"""Characters of a text that is read."""

MAX_BRACKETS = 16
"""Most composites and repeats around a module that is read."""

GRAMMAR = f"""\
A network is one line: its stem, its stages and its head, with bars between. Each is a row of modules with
blanks between; a module's arguments stand in brackets behind it, the first without its name.
- conv(16) conv(16, kernel=5, stride=2): 16 channels leave. Where no width is given, or in words
  ({", ".join(WIDTH_WORDS)}), it follows the channels that enter the composite or repeat around it.
- residual(a b c): a row, and its input added. residual(a b; c): the sum of two rows.
- cat(a; b c) add(a; b): rows on one input, joined channel-wise or summed up.
- gate(a b): the input times what the row makes of it.
- 3x[a b]: the row three times, each time with its own weights; it keeps channels and sides.
- ~a: a module that stands there only so that shapes fit.
The channels that enter a module and the number of classes are never written, they follow."""
"""How to write a tree, in words for a model."""

_COMPOSITES: Mapping[str, tuple[Kind, Join]] = {
    "residual": ("residual", "add"),
    "cat": ("branches", "cat"),
    "add": ("branches", "add"),
    "gate": ("gate", "add"),
}
_CONSTANTS: Mapping[str, Value] = {"true": True, "false": False, "none": None}

_NAME = re.compile(r"[A-Za-z_][\w.\-]*", re.ASCII)
_WORD = re.compile(rf"{_NAME.pattern}|/\d{{1,9}}", re.ASCII)
_TOKEN = re.compile(
    r"\s*(?:(?P<times>\d{1,4})x\[|(?P<number>-?\d[\d.]*(?:e[+-]?\d{1,3})?)"
    rf'|(?P<word>{_WORD.pattern})|(?P<string>"(?:[^"\\]|\\.)*")|(?P<sign>[()\];|,=~]))',
    re.ASCII,
)
_WHOLE, _BROKEN = (
    re.compile(r"-?\d{1,9}", re.ASCII),
    re.compile(r"-?\d{1,25}(\.\d{1,25})?(e[+-]?\d{1,3})?", re.ASCII),
)


def encode(tree: Tree, library: Library) -> str:
    """Return a tree in normal form as a line of text."""
    rows = [tree.stem, *tree.stages, tree.head]
    return " | ".join(_row(nodes, library) for nodes in rows).strip()


def encode_node(node: Node, library: Library) -> str:
    """Return a node as text: `residual(conv batch_norm relu)`."""
    return _row((node,), library)


def decode(text: str, library: Library) -> Tree | None:
    """Return the tree, in normal form, that a text encodes, None where it encodes none; never raises."""
    reader = _reader(text, library)
    rows = reader.rows("|") if reader else None
    if reader is None or rows is None or not reader.done or len(rows) < 2:
        return None
    return normal(Tree(rows[0], tuple(rows[1:-1]), rows[-1]))


def decode_nodes(text: str, library: Library) -> Sequence | None:
    """Return the nodes of a row, in normal form, None where the text is none; never raises."""
    reader = _reader(text, library)
    nodes = reader.row() if reader else None
    if reader is None or nodes is None or not reader.done:
        return None
    return normal(Tree(nodes, (), ())).stem


def _row(nodes: Sequence, library: Library) -> str:
    return " ".join(_node(node, library) for node in nodes)


def _node(node: Node, library: Library) -> str:
    if isinstance(node, Module):
        spec = library.get(node.name)
        first = first_argument(spec) if spec else None
        written = [
            _value(value) if place == 0 and name == first else f"{name}={_value(value)}"
            for place, (name, value) in enumerate(node.arguments)
        ]
        return ("~" if node.adaptor else "") + node.name + (f"({', '.join(written)})" if written else "")
    if isinstance(node, Repeat):
        return f"{node.times}x[{_row((node.body,), library)}]"
    rows = [_row((child,), library) for child in node.children]
    if node.kind == "sequence":
        return " ".join(rows)
    name = next(name for name, way in _COMPOSITES.items() if way == (node.kind, node.join))
    return f"{name}({'; '.join(rows)})"


def first_argument(spec: ModuleSpec) -> str | None:
    """Return the argument of a module that is written without its name, None where it has none."""
    return spec.width or next(iter(spec.choices), None)


def _value(value: Value) -> str:
    for word, constant in _CONSTANTS.items():
        if value is constant:
            return word
    if isinstance(value, str):
        plain = _WORD.fullmatch(value) and value not in _CONSTANTS
        return value if plain else json.dumps(value)
    return repr(value)


def _reader(text: str, library: Library) -> _Reader | None:
    """Return a reader of a text, None where it is too long or has what no tree has."""
    if len(text) > LONGEST_TEXT:
        return None
    text, tokens, place = text.strip(), list[tuple[str, str]](), 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            return None
        kind = str(found.lastgroup)
        tokens.append((kind, found[kind]))
        place = found.end()
    return _Reader(tokens, library)


class _Reader:
    """Reads tokens from left to right; every method returns None where it finds something else."""

    def __init__(self, tokens: list[tuple[str, str]], library: Library) -> None:
        self._tokens, self._library, self._place, self._depth = tokens, library, 0, 0

    @property
    def done(self) -> bool:
        return self._place == len(self._tokens)

    def rows(self, between: str) -> list[Sequence] | None:
        """Read rows with signs between them."""
        rows: list[Sequence] = []
        while True:
            row = self.row()
            if row is None:
                return None
            rows.append(row)
            if not self._take(between):
                return rows

    def row(self) -> Sequence | None:
        nodes: list[Node] = []
        while self._peek()[0] in ("word", "times") or self._peek() == ("sign", "~"):
            node = self._node()
            if node is None:
                return None
            nodes.append(node)
        return tuple(nodes)

    def _peek(self) -> tuple[str, str]:
        return ("", "") if self.done else self._tokens[self._place]

    def _take(self, sign: str) -> bool:
        taken = self._peek() == ("sign", sign)
        self._place += taken
        return taken

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._place += 1
        return token

    def _node(self) -> Node | None:
        adaptor = self._take("~")
        kind, text = self._next()
        if kind == "word" and text not in _COMPOSITES:
            return self._module(text, adaptor)
        self._depth += 1
        if adaptor or self._depth > MAX_BRACKETS:
            return None
        if kind == "times":
            row = self.row()
            found: Node | None = Repeat(sequence(row), int(text)) if row and int(text) else None
            closed = self._take("]")
        else:
            rows = self.rows(";") if text in _COMPOSITES and self._take("(") else None
            found = self._composite(text, rows) if rows else None
            closed = self._take(")")
        self._depth -= 1
        return found if closed else None

    def _composite(self, name: str, rows: list[Sequence]) -> Composite:
        kind, join = _COMPOSITES[name]
        return Composite(kind, tuple(sequence(row) for row in rows), join)

    def _module(self, name: str, adaptor: bool) -> Module | None:
        if not _NAME.fullmatch(name):
            return None
        arguments: list[tuple[str, Value]] = []
        if self._take("("):
            while True:
                argument = self._argument(name, first=not arguments)
                if argument is None:
                    return None
                arguments.append(argument)
                if self._take(")"):
                    break
                if not self._take(","):
                    return None
        return Module(name, tuple(arguments), adaptor)

    def _argument(self, module: str, *, first: bool) -> tuple[str, Value] | None:
        kind, text = self._next()
        if kind == "word" and self._take("="):
            name: str | None = text
            kind, text = self._next()
        else:
            spec = self._library.get(module)
            name = first_argument(spec) if first and spec else None
        value = _read_value(kind, text)
        return None if name is None or value is None else (name, value[0])


def _read_value(kind: str, text: str) -> tuple[Value] | None:
    """Return a value in a tuple of its own, since it may be None; None where the text is no value."""
    if kind == "word":
        return (_CONSTANTS.get(text, text),) if text in _CONSTANTS else (text,)
    if kind == "number" and _WHOLE.fullmatch(text):
        return (int(text),)
    if kind == "number" and _BROKEN.fullmatch(text) and math.isfinite(float(text)):
        return (float(text),)
    if kind == "string":
        try:
            found = json.loads(text)
        except ValueError:
            return None
        return (found,) if isinstance(found, str) else None
    return None
