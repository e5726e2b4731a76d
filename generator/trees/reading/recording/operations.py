"""The functions of torch, and the methods of tensors, by which a program says what flows.

Reshaping gives another view; sums, products and concatenations join; the rest are modules of torch written as
functions. What is in neither list is refused, as it would be lost in a tree. This module does *not* know the
program.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.recording.recorder import Recorder
from generator.trees.reading.recording.tensors import MAX_NUMBER, Layer, Size, Tensor, Unknown
from generator.trees.specs import Shape

_WINDOW = "kernel_size stride padding"

_AS_MODULES: Mapping[str, tuple[str, str]] = {
    "max_pool2d": ("MaxPool2d", f"{_WINDOW} dilation ceil_mode return_indices"),
    "avg_pool2d": ("AvgPool2d", f"{_WINDOW} ceil_mode count_include_pad divisor_override"),
    "adaptive_avg_pool2d": ("AdaptiveAvgPool2d", "output_size"),
    "adaptive_max_pool2d": ("AdaptiveMaxPool2d", "output_size return_indices"),
    "interpolate": ("Upsample", "size scale_factor mode align_corners"),
    "channel_shuffle": ("ChannelShuffle", "groups"),
    "dropout": ("Dropout", "p"),
    "dropout2d": ("Dropout2d", "p"),
    "leaky_relu": ("LeakyReLU", "negative_slope"),
    "elu": ("ELU", "alpha"),
    "gelu": ("GELU", "approximate"),
    "softplus": ("Softplus", "beta threshold"),
    "softmax": ("Softmax", "dim"),
    "log_softmax": ("LogSoftmax", "dim"),
    **{
        name.lower(): (name, "")
        for name in ("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Sigmoid", "Tanh")
    },
}
"""Functions that are modules: the module, and the function's arguments behind its input."""

_SAME = frozenset(
    [
        "contiguous",
        "clone",
        "detach",
        "to",
        "float",
        "cuda",
        "cpu",
        "type",
        "requires_grad_",
        "type_as",
        "expand_as",
        "expand",
    ]
)
"""Methods that change no number, and no shape that broadcasting would not."""

Arguments = tuple[Sequence[Any], dict[str, Any]]


def operate(
    recorder: Recorder, name: str, args: Sequence[Any], kwargs: dict[str, Any], site: ast.AST
) -> object:
    """Return what a function of torch, or a method of a tensor, gives.

    Args:
        recorder: Where the network is recorded.
        name: The last part of its name: `relu`, `view`, `cat`; with `_` behind it, it works in place.
        args: Its arguments by place; the first is a tensor, or tensors.
        kwargs: Its arguments by name.
        site: The call.

    Raises:
        NotATreeError: No tree can say what it does.
    """
    tensor = args[0] if args else kwargs.pop("input", kwargs.pop("tensors", None))
    rest, plain = list(args[1:]), name.rstrip("_")
    in_place = bool(kwargs.pop("inplace", False)) or (name != plain and plain != "requires_grad")
    if plain in ("cat", "concat", "concatenate"):
        return _cat(recorder, tensor, _one(rest, kwargs, "dim", 0), site)
    if not isinstance(tensor, Tensor):
        raise NotATreeError("module", f"'{name}' of what is no tensor")
    if name in _SAME:
        return Tensor(tensor.value, tensor.view)
    if plain in _VIEWS:
        result: object = _VIEWS[plain](tensor, rest, kwargs)
    elif plain in _AS_MODULES:
        result = _module(recorder, plain, tensor, rest, kwargs, site)
    elif plain in ("add", "mul", "multiply") and not kwargs:
        result = arithmetic(recorder, "+" if plain == "add" else "*", tensor, rest[0] if rest else None, site)
    elif plain in ("mean", "amax"):
        result = _reduce(recorder, "mean" if plain == "mean" else "max", tensor, rest, kwargs, site)
    else:
        raise NotATreeError("module", f"no module of a tree is '{name}'")
    if in_place and isinstance(result, Tensor):
        return tensor.become(result)
    return result


def arithmetic(recorder: Recorder, sign: str, first: object, second: object, site: ast.AST) -> Tensor:
    """Return the sum or the product of two values, of which one at least is a tensor.

    Raises:
        NotATreeError: It is neither, or no tree has it.
    """
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        if sign == "+":
            return recorder.add([first, second], site)
        if sign == "*":
            return recorder.multiply(first, second, site)
    tensor, other = (first, second) if isinstance(first, Tensor) else (second, first)
    neutral = {"+": 0, "*": 1}.get(sign)
    if isinstance(tensor, Tensor) and isinstance(other, int | float) and other == neutral:
        return tensor
    what = other.what if isinstance(other, Unknown) else "a number or another value"
    raise NotATreeError("module", f"no module of a tree is '{sign}' with {what}")


def total(recorder: Recorder, tensors: Sequence[object], site: ast.AST) -> Tensor:
    """Return the sum of tensors, as the function `sum` gives it."""
    found = [each for each in tensors if isinstance(each, Tensor)]
    if len(found) < len(tensors):
        raise NotATreeError("module", "a sum of tensors and other values")
    return recorder.add(found, site)


def blank(recorder: Recorder, args: Sequence[Any]) -> object:
    """Return the tensor of `torch.zeros` and the like, with which programs measure what a part leaves."""
    sizes = args[0] if len(args) == 1 and isinstance(args[0], tuple | list) else args
    numbers = [size for size in sizes if isinstance(size, int) and 0 < size < MAX_NUMBER]
    if len(numbers) < len(sizes) or len(sizes) not in (2, 4):
        return Unknown("a tensor that is no input")
    return recorder.images(Shape(*numbers[1:]), numbers[0])


def _cat(recorder: Recorder, tensors: object, dim: object, site: ast.AST) -> Tensor:
    found = (
        [each for each in tensors if isinstance(each, Tensor)] if isinstance(tensors, list | tuple) else []
    )
    if not isinstance(tensors, list | tuple) or not found or len(found) < len(tensors):
        raise NotATreeError("module", "a concatenation of other things than tensors")
    if dim not in (1, 1 - len(found[0].view)):
        raise NotATreeError("module", "a concatenation along another side than the channels")
    return recorder.cat(found, site)


def _module(
    recorder: Recorder, name: str, tensor: Tensor, rest: list[Any], kwargs: dict[str, Any], site: ast.AST
) -> Tensor:
    module, names = _AS_MODULES[name]
    if kwargs.pop("training", True) is False:
        return tensor
    given = dict(zip(names.split(), rest, strict=False)) | kwargs
    given.pop("dtype", None)
    if name.endswith("softmax") and given.get("dim") not in (1, -1):
        raise NotATreeError("module", "a softmax along another side than the scores")
    return recorder.apply(Layer(f"torch.nn.{module}", (), given, site), tensor)


def _reduce(
    recorder: Recorder, by: str, tensor: Tensor, rest: list[Any], kwargs: dict[str, Any], site: ast.AST
) -> Tensor:
    dims = _one(rest, kwargs, "dim", None)
    keep = kwargs.get("keepdim", rest[1] if len(rest) > 1 else False)
    rank, shape = len(tensor.view), tensor.value.shape
    places = {_dim(dim, rank) for dim in (dims if isinstance(dims, tuple | list) else (dims,))}
    flattened = rank == 3 and tensor.sizes == (shape.channels, shape.height * shape.width)
    if (
        shape.flat
        or places != ({2} if flattened else {2, 3})
        or (rank, flattened) not in ((4, False), (3, True))
    ):
        raise NotATreeError("module", f"a {by} over other sides than height and width together")
    seen = Tensor(tensor.value, (tensor.view[0], *shape))
    if keep and not flattened:
        return recorder.primitive("pool", seen, site, size=1, by=by)
    return recorder.primitive(by, seen, site)


def _one(rest: Sequence[Any], kwargs: dict[str, Any], name: str, default: object) -> Any:
    return rest[0] if rest else kwargs.get(name, default)


def _dim(dim: object, rank: int) -> int:
    if type(dim) is not int or not -rank <= dim < rank:
        raise NotATreeError("python", f"a tensor of {rank} sides has no such side")
    return dim % rank


def _reshape(tensor: Tensor, rest: list[Any], kwargs: dict[str, Any]) -> Tensor:
    sizes = kwargs.get("shape", rest)
    if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = sizes[0]
    view = _resolved(list(sizes), tensor)
    if math.prod(size for size in view[1:] if isinstance(size, int)) != math.prod(tensor.sizes):
        raise NotATreeError("shape", "a reshape to another number of values")
    return Tensor(tensor.value, tuple(view))


def _resolved(sizes: list[Any], tensor: Tensor) -> list[Size]:
    """Return sizes with the number that stands for -1; the first is the batch's."""
    whole, batch = math.prod(tensor.sizes), tensor.view[0]
    known = [size for size in sizes[1:] if isinstance(size, int) and 0 < size < MAX_NUMBER]
    others = [place for place in range(1, len(sizes)) if sizes[place] == -1]
    if not sizes or len(known) + len(others) != len(sizes) - 1 or len(others) > 1:
        raise NotATreeError("python", "a reshape to sizes that are not known")
    if sizes[0] == -1 and not others:
        sizes[0] = batch
    if sizes[0] is not batch and sizes[0] != batch:
        raise NotATreeError("module", "a reshape that mixes images")
    for place in others:
        sizes[place] = whole // max(math.prod(known), 1)
    return sizes


def _flatten(tensor: Tensor, rest: list[Any], kwargs: dict[str, Any]) -> Tensor:
    rank = len(tensor.view)
    start = _dim(kwargs.get("start_dim", rest[0] if rest else 0), rank)
    end = _dim(kwargs.get("end_dim", rest[1] if len(rest) > 1 else -1), rank)
    if start == 0 or end < start:
        raise NotATreeError("module", "a flattening that mixes images")
    joined = math.prod(tensor.sizes[start - 1 : end])
    return Tensor(tensor.value, (*tensor.view[:start], joined, *tensor.view[end + 1 :]))


def _squeeze(tensor: Tensor, rest: list[Any], kwargs: dict[str, Any]) -> Tensor:
    rank, dims = len(tensor.view), _one(rest, kwargs, "dim", None)
    wanted = range(1, rank) if dims is None else dims if isinstance(dims, tuple | list) else (dims,)
    places = {_dim(dim, rank) for dim in wanted}
    view = tuple(size for place, size in enumerate(tensor.view) if place not in places or size != 1)
    return Tensor(tensor.value, view)


def _unsqueeze(tensor: Tensor, rest: list[Any], kwargs: dict[str, Any]) -> Tensor:
    place = _dim(_one(rest, kwargs, "dim", None), len(tensor.view) + 1)
    if place == 0:
        raise NotATreeError("module", "a side in front of the images")
    return Tensor(tensor.value, (*tensor.view[:place], 1, *tensor.view[place:]))


def indexed(tensor: Tensor, index: object) -> Tensor:
    """Return a tensor under an index that only adds sides of 1, or takes such away: `s[:, :, None, None]`.

    Raises:
        NotATreeError: The index takes a part of the tensor.
    """
    wanted = list(index) if isinstance(index, tuple) else [index]
    if ... in wanted:
        place = next(number for number, each in enumerate(wanted) if each is ...)
        missing = len(tensor.view) - sum(each is not None for each in wanted) + 1
        wanted[place : place + 1] = [slice(None)] * missing
    view: list[Size] = []
    left = list(tensor.view)
    for each in wanted:
        if each is None:
            view.append(1)
        elif not left:
            raise NotATreeError("python", "an index with too many places")
        elif isinstance(each, slice) and _is_whole(each, left[0]):
            view.append(left.pop(0))
        elif each in (0, -1) and left[0] == 1 and view:
            left.pop(0)
        else:
            raise NotATreeError("module", "no module of a tree takes a part of a tensor")
    if not view or wanted[0] is None:
        raise NotATreeError("module", "no module of a tree takes a single image")
    return Tensor(tensor.value, (*view, *left))


def _is_whole(each: slice, size: Size) -> bool:
    first, last, step = each.start in (None, 0), each.stop is None, each.step in (None, 1)
    return (
        first and step and (last or (isinstance(size, int) and type(each.stop) is int and each.stop >= size))
    )


_VIEWS: Mapping[str, Callable[[Tensor, list[Any], dict[str, Any]], Tensor]] = {
    "view": _reshape,
    "reshape": _reshape,
    "flatten": _flatten,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
}
