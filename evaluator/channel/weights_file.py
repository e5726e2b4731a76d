"""A network's weights as bytes: the safetensors format, written and read within bounds, without its library.

The format (https://huggingface.co/docs/safetensors) is eight bytes with the length of the header, the header
as JSON (for each tensor its dtype, its shape and where its bytes are), then the tensors' bytes with no hole.
`decode` takes bytes of anybody's making: what the header says is compared with what is there, and whatever
the format does not need is refused. What is kept on disk is always `encode` of what was decoded, so that
nothing of a stranger's header survives.

This module does *not* look into the numbers (`evaluator.supervisor.final.weights` does), and never unpickles.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

from evaluator.channel.proxy_config import ProxyConfig

ITEM_BYTES = {
    **{"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2},
    **{"I8": 1, "U8": 1, "BOOL": 1},
}
"""The types that weights and buffers have, with their size; neither complex nor 8-bit floating numbers."""

MAX_TENSORS = 10_000
MAX_HEADER_BYTES = 2**21
MAX_DIMENSIONS = 8

_LENGTH_BYTES = 8
_METADATA = {"format": "pt"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}", re.ASCII)


class NotWeights(ValueError):
    """Bytes that are no weights, or more or other ones than may leave a program's process."""


class NamedTensor(NamedTuple):
    """One tensor of a network's state: its name, dtype and shape, and its bytes, little-endian in C order."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytes


def weights_limit(config: ProxyConfig) -> int:
    """Return how many bytes of weights may leave a process: the cap on parameters twice over in float64.

    The buffers beside the parameters, such as running means or masks, have as much room as the parameters.
    """
    return 2 * ITEM_BYTES["F64"] * config.max_parameters + MAX_HEADER_BYTES


def encode(tensors: Iterable[NamedTensor]) -> bytes:
    """Return the file with these tensors, the widest types first: each lies at a multiple of its size."""
    ordered = sorted(tensors, key=lambda each: (-ITEM_BYTES[each.dtype], each.name))
    header: dict[str, Any] = {"__metadata__": _METADATA}
    end = 0
    for each in ordered:
        begin, end = end, end + len(each.data)
        header[each.name] = {"dtype": each.dtype, "shape": each.shape, "data_offsets": (begin, end)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _LENGTH_BYTES)
    return b"".join([len(text).to_bytes(_LENGTH_BYTES, "little"), text, *(each.data for each in ordered)])


def decode(content: bytes, limit: int) -> tuple[NamedTensor, ...]:
    """Return the tensors in `content`, in the order of their bytes.

    Args:
        content: Bytes of anybody's making.
        limit: Most bytes that it may have.

    Raises:
        NotWeights: It is larger, or no such file to the letter.
    """
    if len(content) > limit:
        raise NotWeights(f"{len(content):,} bytes of weights, the limit is {limit:,}")
    length = int.from_bytes(content[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + length
    if len(content) < _LENGTH_BYTES or length > MAX_HEADER_BYTES or start > len(content):
        raise NotWeights("no header of weights: its length does not fit the file")
    header = _header(content[_LENGTH_BYTES:start])
    if header.pop("__metadata__", _METADATA) != _METADATA:
        raise NotWeights("a header of weights with notes beside the tensors")
    if not 0 < len(header) <= MAX_TENSORS:
        raise NotWeights(f"{len(header):,} tensors, there may be 1 to {MAX_TENSORS:,}")
    places = sorted((_place(name, entry) for name, entry in header.items()), key=lambda each: each.offsets)
    ends = [0, *(end for place in places for end in place.offsets), len(content) - start]
    if any(before != after for before, after in list(pairwise(ends))[::2]):
        raise NotWeights("tensors that leave a hole, overlap, or do not end with the file")
    return tuple(
        NamedTensor(place.name, place.dtype, place.shape, content[start + first : start + last])
        for place in places
        for first, last in [place.offsets]
    )


class _Place(NamedTuple):
    name: str
    dtype: str
    shape: tuple[int, ...]
    offsets: tuple[int, int]


def _header(text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise NotWeights("a header of weights that says one thing twice")
        return found

    try:
        header = json.loads(text, object_pairs_hook=unique)
    except NotWeights:
        raise
    except (ValueError, RecursionError):
        raise NotWeights("a header of weights that is no JSON") from None
    if not isinstance(header, dict):
        raise NotWeights("a header of weights that is no object")
    return header


def _place(name: str, entry: Any) -> _Place:
    """Return where a tensor lies, by its entry in the header; its size must be that of its shape."""
    if _NAME.fullmatch(name) is None:
        raise NotWeights(f"a tensor named {name[:60]!a}; names are letters, digits, _, . and -")
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise NotWeights(f"tensor {name} lacks its dtype, shape or place, or has more than these")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise NotWeights(f"tensor {name} has the type {ascii(dtype)[:60]}")
    if not _counts(shape) or len(shape) > MAX_DIMENSIONS:
        raise NotWeights(f"tensor {name} has no shape")
    if (
        not _counts(offsets)
        or len(offsets) != 2
        or offsets[1] - offsets[0] != prod(shape) * ITEM_BYTES[dtype]
    ):
        raise NotWeights(f"tensor {name} has another size than its shape")
    return _Place(name, dtype, tuple(shape), (offsets[0], offsets[1]))


def _counts(value: Any) -> bool:
    """Return whether `value` is a list of counts, none of them larger than any file."""
    return isinstance(value, list) and all(type(each) is int and 0 <= each < 2**48 for each in value)
