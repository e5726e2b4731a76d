"""A network's state as a file of weights, and back.

This module does *not* rename, convert or leave out anything: what `state_dict` says is what is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from corpus.records.evaluations import EvaluationStatus
from evaluator.channel.proxy_config import ProxyConfig
from evaluator.channel.weights_file import NamedTensor, decode, encode, weights_limit
from evaluator.child.diagnosis import Rejected

_TYPES = {
    torch.float64: "F64",
    torch.int64: "I64",
    torch.float32: "F32",
    torch.int32: "I32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
_OF_NAME = {name: kind for kind, name in _TYPES.items()}


def state_file(net: nn.Module, config: ProxyConfig) -> bytes:
    """Return the file of a network's parameters and buffers.

    Raises:
        Rejected: It has too many of them, or something that a file of weights does not hold.
    """
    return encode(_state(net, weights_limit(config)))


def load_state(net: nn.Module, content: bytes) -> None:
    """Put the weights of a file that the supervisor has checked into a network, all of them and no others.

    Raises:
        RuntimeError: Names or shapes differ from the network's.
    """
    tensors = {
        each.name: torch.frombuffer(bytearray(each.data), dtype=_OF_NAME[each.dtype]).reshape(each.shape)
        if each.data
        else torch.empty(each.shape, dtype=_OF_NAME[each.dtype])
        for each in decode(content, len(content))
    }
    net.load_state_dict(tensors, strict=True)


def _state(net: nn.Module, limit: int) -> Iterator[NamedTensor]:
    room = limit
    for name, value in net.state_dict().items():
        if not isinstance(value, Tensor) or value.dtype not in _TYPES or value.layout is not torch.strided:
            kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
            raise Rejected(
                EvaluationStatus.CONTRACT_ERROR, f"its state holds {kind}, which no file of weights can"
            )
        room -= value.numel() * value.element_size()
        if room < 0:
            message = (
                f"parameters and buffers have more than {limit:,} bytes, which is the most that may leave"
            )
            raise Rejected(EvaluationStatus.CONTRACT_ERROR, message)
        plain = value.detach().cpu().contiguous().reshape(-1)  # (N,)
        data = plain.view(torch.uint8).numpy().tobytes() if value.numel() else b""
        yield NamedTensor(str(name), _TYPES[value.dtype], tuple(value.shape), data)
