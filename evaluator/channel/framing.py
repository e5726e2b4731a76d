"""Frames on the result channel: one byte of kind, four of length, then the payload.

A program's process may send frames of at most 4 KB: JSON from the fixed vocabulary of
`evaluator.channel.messages`, the class ids of one batch, or the next bytes of something larger whose size the
supervisor knows beforehand. The supervisor's frames, with source and inputs, are not limited.

This module does *not* interpret payloads, and nothing here or elsewhere unpickles anything.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from enum import Enum

FRAME_LIMIT = 4096
"""Longest payload that is accepted from a program's process, in bytes."""

NONCE_BYTES = 8
"""Length of the number that ties an answer to its question."""

_HEADER = struct.Struct(">cI")


class FramingError(ValueError):
    """Bytes that are no frame."""


class Kind(Enum):
    """What a payload holds."""

    JSON = b"J"
    """One message of the fixed vocabulary."""
    SOURCE = b"S"
    """The program, UTF-8 with surrogates passed through."""
    IMAGES = b"I"
    """A nonce of 8 bytes, then raw inputs: uint8 images, or float32 signals and fields."""
    FILE = b"F"
    """A file of weights on its way in, whole; on its way out, the next bytes of a file."""
    CLASSES = b"C"
    """The nonce of the images answered, then one little-endian uint16 class id for each; the number of
    classes stands for none of them."""
    ANSWER = b"A"
    """Where an answer is more than a class: its next bytes, as many as a frame holds but for the last. The
    first are the nonce of the inputs answered; numbers follow as `evaluator.channel.layout` has them."""


@dataclass(frozen=True)
class Frame:
    """One frame."""

    kind: Kind
    payload: bytes


def encode(kind: Kind, payload: bytes) -> bytes:
    """Return the bytes of a frame."""
    return _HEADER.pack(kind.value, len(payload)) + payload


class FrameReader:
    """Cuts an untrusted stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take in what arrived."""
        self._buffer += data

    def next(self) -> Frame | None:
        """Return the next whole frame, None if there is none yet.

        Raises:
            FramingError: The kind is unknown or the length above `FRAME_LIMIT`.
        """
        if len(self._buffer) < _HEADER.size:
            return None
        kind, length = _decode_header(bytes(self._buffer[: _HEADER.size]))
        if length > FRAME_LIMIT:
            raise FramingError(f"a frame of {length} bytes, the limit is {FRAME_LIMIT}")
        end = _HEADER.size + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[_HEADER.size : end])
        del self._buffer[:end]
        return Frame(kind, payload)


def write_frame(descriptor: int, kind: Kind, payload: bytes) -> None:
    """Write one frame to a blocking file descriptor."""
    data = memoryview(encode(kind, payload))
    while data:
        data = data[os.write(descriptor, data) :]


def read_frame(descriptor: int) -> Frame | None:
    """Read one frame of the trusted side from a blocking file descriptor; None at its end."""
    header = _read_exactly(descriptor, _HEADER.size)
    if header is None:
        return None
    kind, length = _decode_header(header)
    payload = _read_exactly(descriptor, length)
    return None if payload is None else Frame(kind, payload)


def _decode_header(header: bytes) -> tuple[Kind, int]:
    kind, length = _HEADER.unpack(header)
    try:
        return Kind(kind), length
    except ValueError:
        raise FramingError(f"an unknown kind of frame: {kind!r}") from None


def _read_exactly(descriptor: int, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        part = os.read(descriptor, count - len(data))
        if not part:
            return None
        data += part
    return bytes(data)
