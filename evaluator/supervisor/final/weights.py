"""Weights that came out of a program's process: checked to the last number before they are kept.

This module does *not* know what a network is: whether the weights fit one is seen when they are loaded.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evaluator.channel.weights_file import ITEM_BYTES, NamedTensor, NotWeights, decode, encode

_BF16_EXPONENT, _BF16_FRACTION = 0x7F80, 0x7F
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


class Weights(NamedTuple):
    """A network's weights, checked.

    Attributes:
        content: The safetensors file, written anew from what was received.
        tensors: How many tensors are in it.
        numbers: How many numbers, buffers included.
    """

    content: bytes
    tensors: int
    numbers: int


def checked_weights(content: bytes, limit: int) -> Weights:
    """Return the weights in `content`, bytes of a stranger's making.

    Args:
        content: A safetensors file, as it is claimed to be.
        limit: Most bytes that it may have.

    Raises:
        NotWeights: It is none, it is larger, or one of its numbers is not a number. Infinity is one: masks of
            attention are made of it.
    """
    tensors = decode(content, limit)
    for tensor in tensors:
        if not _readable(tensor):
            raise NotWeights(f"tensor {tensor.name} holds what is no number")
    return Weights(
        content=encode(tensors),
        tensors=len(tensors),
        numbers=sum(len(tensor.data) // ITEM_BYTES[tensor.dtype] for tensor in tensors),
    )


def _readable(tensor: NamedTensor) -> bool:
    """Return whether every item of a tensor is one that its type has."""
    if tensor.dtype in _FLOATS:
        return not bool(np.isnan(np.frombuffer(tensor.data, _FLOATS[tensor.dtype])).any())
    if tensor.dtype == "BF16":
        bits = np.frombuffer(tensor.data, "<u2")
        not_numbers = ((bits & _BF16_EXPONENT) == _BF16_EXPONENT) & ((bits & _BF16_FRACTION) != 0)
        return not bool(not_numbers.any())
    return tensor.dtype != "BOOL" or not tensor.data or max(tensor.data) <= 1
