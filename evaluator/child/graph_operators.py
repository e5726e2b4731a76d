"""One ATen operator as a graph shows it: its name without variants, its tensors, and what else defines it.

Two calls that do the same come out equal: `relu_` and `relu`, `transpose(-1, -2)` and `permute`, a value that
is written out and the same value by default. The meaning of arguments is taken from each operator's schema,
so an operator that nobody thought of is recorded as well as any other.

This module does *not* know of graphs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from corpus.records.base import content_id

VIEWS = frozenset({"view", "reshape", "squeeze", "unsqueeze", "flatten", "unflatten"})
"""Operators that keep all elements in their order; the output's shape says the rest."""

_IDLE = VIEWS | {"alias", "clone", "contiguous", "detach", "expand", "lift", "lift_fresh", "slice"}
_NAMES = {
    "t": "permute",
    "transpose": "permute",
    "to_copy": "cast",
    "lift_fresh_copy": "lift_fresh",
    "reshape_alias": "view",
    "cudnn_batch_norm": "batch_norm",
    "batch_norm_legit_no_training": "batch_norm",
    "max_pool1d_with_indices": "max_pool1d",
    "max_pool2d_with_indices": "max_pool2d",
    "max_pool3d_with_indices": "max_pool3d",
}
"""What an operator is called, where it is another one's variant."""

_REDUCTIONS = frozenset({"amax", "amin", "logsumexp", "mean", "norm", "std", "sum", "var", "var_mean"})
_DIMENSIONS = frozenset({"dim", "dims", "dim0", "dim1"})
_SHAPED_BY_OUTPUT = {"group_norm": frozenset({"n", "c", "hxw"})}
_IRRELEVANT = frozenset({"size", "momentum", "generator", "cudnn_enabled", "pin_memory", "non_blocking"})
"""Said by the output's shape, used in training alone, or without effect on the result."""

_NEUTRAL = {
    "dilation": ("1", "1,1", "1,1,1"),
    "groups": ("1",),
    "output_padding": ("0", "0,0", "0,0,0"),
}
_CONSTANT_ELEMENTS = 65_536
_LONGEST_TEXT = 200


class _Argument(NamedTuple):
    name: str
    tensor: bool
    default: Any


class _Operator(NamedTuple):
    name: str
    arguments: tuple[_Argument, ...]
    writes: bool


class Call:
    """One call of an operator.

    Attributes:
        name: The operator's name.
        tensors: The tensors that it takes, in the order of its arguments, None for those left out.
        values: Its other arguments by name.
        writes: Whether it writes to its outputs in place.
        idle: Whether it does nothing as long as the shape stays.
    """

    def __init__(self, func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        operator = _operator(func)
        self.name, self.writes = operator.name, operator.writes
        self.tensors: list[Tensor | None] = []
        self.values: dict[str, Any] = {}
        for place, argument in enumerate(operator.arguments):
            value = args[place] if place < len(args) else kwargs.get(argument.name, argument.default)
            if isinstance(value, Tensor) or (value is None and argument.tensor):
                self.tensors.append(value)
            elif argument.tensor and isinstance(value, list | tuple):
                self.tensors += value
            elif value is not None and value != argument.default and (value is not False or argument.default):
                self.values[argument.name.lower()] = value
        self.idle = self._is_idle()

    def _is_idle(self) -> bool:
        first = self.tensors[0] if self.tensors else None
        match self.name:
            case "cast":
                # Precision is the protocol's, and no part of the network.
                wanted = self.values.get("dtype") or (first.dtype if first is not None else None)
                return first is not None and (wanted == first.dtype or _both_real(wanted, first.dtype))
            case "dropout":
                return self.values.get("train", True) is False
            case "permute":
                return first is not None and self.permutation() == list(range(first.dim()))
        return self.name in _IDLE

    def permutation(self) -> list[int]:
        """Return the dimensions of the input in the order in which a permuting call puts them."""
        rank = 0 if self.tensors[0] is None else self.tensors[0].dim()
        if "dims" in self.values:
            return [each % rank for each in self.values["dims"]]
        order = list(range(rank))
        # `t()` has no arguments: it exchanges the two dimensions of a matrix.
        first, second = self.values.get("dim0", 0), self.values.get("dim1", rank - 1)
        if rank:
            order[first], order[second] = order[second], order[first]
        return order


def _both_real(first: torch.dtype, second: torch.dtype) -> bool:
    return first.is_floating_point and second.is_floating_point


def attributes_text(call: Call, output: Tensor) -> str:
    """Return what defines a call beside its tensors, as `name=value` pairs sorted by name."""
    if call.name in VIEWS or call.name == "expand":
        return ""
    first = next((each for each in call.tensors if each is not None), None)
    rank = output.dim() if first is None else first.dim()
    values = dict(call.values)
    if call.name == "permute":
        values = {"dims": call.permutation()}
    elif call.name == "slice" and first is not None:
        values = _slice(values, first)
    elif call.name == "cast":
        values = {"dtype": str(output.dtype).removeprefix("torch.")}
    elif "kernel_size" in values and not values.get("stride"):
        values["stride"] = values["kernel_size"]
    pairs = []
    ignored = _SHAPED_BY_OUTPUT.get(call.name, frozenset())
    for name, value in sorted(values.items()):
        if name in _DIMENSIONS and call.name != "stack":
            value = _from_the_front(value, rank, sort=call.name in _REDUCTIONS)
        text = _text(value)
        if text and text not in _NEUTRAL.get(name, ()) and name not in _IRRELEVANT | ignored:
            pairs.append(f"{name}={text}")
    return _bounded(" ".join(pairs))


def constant_text(tensor: Tensor) -> str:
    """Return the content of a tensor that is not trained: its one value, or a hash of its values."""
    if tensor.numel() > _CONSTANT_ELEMENTS or tensor.numel() == 0 or tensor.is_complex():
        return ""
    values = tensor.detach().to(torch.float64).flatten()
    first = values[0]
    if bool((values == first).all()):
        return f"value={_text(first.item())}"
    return f"values={content_id(values.numpy().tobytes().hex())}"


@lru_cache(maxsize=4096)
def _operator(func: Any) -> _Operator:
    schema = func._schema
    name = re.sub(r"^_*(native_|unsafe_|safe_)?", "", func.overloadpacket.__name__.lower()).rstrip("_")
    name = re.sub(r"[^a-z0-9_]", "_", name)[:64]
    arguments = tuple(
        _Argument(each.name, "Tensor" in str(each.type), each.default_value) for each in schema.arguments
    )
    return _Operator(_NAMES.get(name, name), arguments, bool(schema.is_mutable))


def _slice(values: dict[str, Any], tensor: Tensor) -> dict[str, Any]:
    """Return start and end of a slice as they are in effect."""
    dimension = values.get("dim", 0) % tensor.dim()
    size = tensor.shape[dimension]
    start, end, _ = slice(values.get("start"), values.get("end")).indices(size)
    return {"dim": dimension, "start": start, "end": end, "step": values.get("step", 1)}


def _from_the_front(value: Any, rank: int, *, sort: bool) -> Any:
    """Return dimensions counted from the first one."""
    if isinstance(value, int):
        return value % max(rank, 1)
    counted = [each % max(rank, 1) for each in value]
    return sorted(counted) if sort else counted


def _text(value: Any) -> str:
    """Return a value as text without blanks; empty for what says nothing, such as a device."""
    match value:
        case bool():
            return "1" if value else "0"
        case int() | float():
            return str(int(value)) if float(value).is_integer() else repr(value)
        case str():
            return "".join(each if "!" <= each <= "~" else "_" for each in value)
        case list() | tuple():
            return ",".join(map(_text, value))
    return ""


def _bounded(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"values={content_id(text)}"
