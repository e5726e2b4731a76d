"""An ONNX file that came out of a program's process: refused where it holds more than a network.

The format is Protocol Buffers (https://onnx.ai/onnx/repo-docs/IR.html, messages of `onnx.proto3`). What may
stand in a file here is what torch's exporter writes: one graph of the standard operators, with all numbers in
the file itself. So no operator of somebody's own, no function, no numbers in other files on the user's disk,
no text that is shown to somebody.

This module does *not* run a graph, and so does not know whether it computes what the network does.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from corpus.records.tasks.shape import TaskShape
from evaluator.channel.layout import tensor_names

_STANDARD = (b"", b"ai.onnx")
"""Names of the domain of standard operators."""

MAX_FIELDS = 200_000
"""Fields of a file, with those of all messages in it; a network of a hundred layers has five thousand."""

_MAX_DEPTH = 8


class NotOnnx(ValueError):
    """Bytes that are no network in the ONNX format, or more than one."""


class _Wire(IntEnum):
    """How a field is written."""

    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


class _Message(NamedTuple):
    """A kind of message: its fields that may be there, and those among them that are messages."""

    name: str
    plain: frozenset[int]
    messages: dict[int, str] = {}  # noqa: RUF012 - a constant, never written to


_MESSAGES = {
    each.name: each
    for each in (
        _Message("model", frozenset({1, 2, 3, 5}), {7: "graph", 8: "opset"}),
        _Message("opset", frozenset({1, 2})),
        _Message("graph", frozenset({2}), {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value"}),
        _Message("value", frozenset({1, 2})),
        _Message("node", frozenset({1, 2, 3, 4, 7}), {5: "attribute"}),
        _Message(
            "attribute",
            frozenset({1, 2, 3, 4, 7, 8, 9, 20}),
            {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
        ),
        _Message("tensor", frozenset({1, 2, 4, 5, 6, 7, 8, 9, 10, 11})),
    )
}
_DOMAINS = {("opset", 1), ("node", 7)}


class _Field(NamedTuple):
    number: int
    wire: _Wire
    value: memoryview | int


def require_network(content: bytes, shape: TaskShape) -> None:
    """Do nothing if `content` is one network in the ONNX format, with the names that go with `shape`.

    Those are `images` going in and `scores` out, or as `evaluator.channel.layout.tensor_names` has them.

    Raises:
        NotOnnx: It is not.
    """
    _Check().message(memoryview(content), "model")
    graphs = [each.value for each in _fields(memoryview(content)) if each.number == 7]
    if len(graphs) != 1 or not isinstance(graphs[0], memoryview):
        raise NotOnnx(f"{len(graphs)} graphs instead of one")
    names = tensor_names(shape)
    if [_named(graphs[0], number) for number in (11, 12)] != [[name.encode()] for name in names]:
        raise NotOnnx(f"other inputs or outputs than {' and '.join(names)}")


class _Check:
    """One walk over all fields of a file, of which it may have `MAX_FIELDS`."""

    def __init__(self) -> None:
        self._left = MAX_FIELDS

    def message(self, content: memoryview, kind: str, depth: int = 0) -> None:
        """Walk over the fields of a message, and those within it."""
        if depth > _MAX_DEPTH:
            raise NotOnnx("graphs within graphs without end")
        message = _MESSAGES[kind]
        for field in _fields(content):
            self._left -= 1
            if self._left < 0:
                raise NotOnnx(f"more than {MAX_FIELDS:,} fields")
            inner = message.messages.get(field.number)
            if inner is not None and isinstance(field.value, memoryview):
                self.message(field.value, inner, depth + (inner == "graph"))
            elif field.number not in message.plain:
                raise NotOnnx(f"field {field.number} of a {kind}, which torch's exporter does not write")
            elif (kind, field.number) in _DOMAINS and _raw(field.value) not in _STANDARD:
                raise NotOnnx("an operator that is not among the standard ones")


def _named(graph: memoryview, number: int) -> list[bytes]:
    """Return the names of a graph's inputs or outputs."""
    found = []
    for field in _fields(graph):
        if field.number == number and isinstance(field.value, memoryview):
            found += [_raw(each.value) for each in _fields(field.value) if each.number == 1]
    return found


def _raw(value: memoryview | int) -> bytes:
    return bytes(value) if isinstance(value, memoryview) else b"?"


def _fields(content: memoryview) -> Iterator[_Field]:
    """Yield the fields of a message.

    Raises:
        NotOnnx: It ends within one, or is written as no message is.
    """
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        number, wire = key >> 3, key & 7
        if wire == _Wire.VARINT:
            value, place = _varint(content, place)
            yield _Field(number, _Wire.VARINT, value)
            continue
        if wire == _Wire.BYTES:
            size, place = _varint(content, place)
        elif wire in (_Wire.FIXED32, _Wire.FIXED64):
            size = 4 if wire == _Wire.FIXED32 else 8
        else:
            raise NotOnnx("bytes that are no message")
        if size > len(content) - place:
            raise NotOnnx("a message that ends too early")
        yield _Field(number, _Wire(wire), content[place : place + size])
        place += size


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    """Return the number that begins at `place`, of at most ten bytes, and where it ends."""
    value = 0
    for index in range(10):
        if place + index >= len(content):
            raise NotOnnx("a message that ends too early")
        byte = content[place + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, place + index + 1
    raise NotOnnx("a number without end")
