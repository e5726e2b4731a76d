"""The modules of torch as modules of a tree: `nn.Conv2d(16, 32, 3, padding=1)` is `conv width=32, bias=True`.

A tree says less than torch can: what would be lost in it is refused, but for the constants of a
normalisation (`eps`, `momentum`), which are left at their defaults, and `inplace`. This module does *not*
follow what flows: it is told what enters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from generator.trees.nodes import Module, Value
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.recording.tensors import Layer, Unknown
from generator.trees.specs import Shape

_REQUIRED = object()

_WINDOW = {"stride": None, "padding": 0}
_NORM = {"eps": 1e-5, "momentum": 0.1, "affine": True, "track_running_stats": True}

_PLAIN = ("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "Sigmoid", "Tanh")

SIGNATURES: Mapping[str, Mapping[str, object]] = {
    "Conv2d": {
        **dict.fromkeys(("in_channels", "out_channels", "kernel_size"), _REQUIRED),
        **{"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": True, "padding_mode": "zeros"},
    },
    "Linear": {"in_features": _REQUIRED, "out_features": _REQUIRED, "bias": True},
    "BatchNorm2d": {"num_features": _REQUIRED, **_NORM},
    "InstanceNorm2d": {"num_features": _REQUIRED, **_NORM, "affine": False, "track_running_stats": False},
    "GroupNorm": {"num_groups": _REQUIRED, "num_channels": _REQUIRED, "eps": 1e-5, "affine": True},
    "LayerNorm": {"normalized_shape": _REQUIRED, "eps": 1e-5, "elementwise_affine": True, "bias": True},
    "MaxPool2d": {
        "kernel_size": _REQUIRED,
        **_WINDOW,
        **{"dilation": 1, "return_indices": False, "ceil_mode": False},
    },
    "AvgPool2d": {
        "kernel_size": _REQUIRED,
        **_WINDOW,
        **{"ceil_mode": False, "count_include_pad": True, "divisor_override": None},
    },
    "AdaptiveAvgPool2d": {"output_size": _REQUIRED},
    "AdaptiveMaxPool2d": {"output_size": _REQUIRED, "return_indices": False},
    "Upsample": {"size": None, "scale_factor": None, "mode": "nearest", "align_corners": None},
    "ChannelShuffle": {"groups": _REQUIRED},
    "Flatten": {"start_dim": 1, "end_dim": -1},
    "Dropout": {"p": 0.5, "inplace": False},
    "Dropout2d": {"p": 0.5, "inplace": False},
    "LeakyReLU": {"negative_slope": 0.01, "inplace": False},
    "PReLU": {"num_parameters": 1, "init": 0.25},
    "ELU": {"alpha": 1.0, "inplace": False},
    "GELU": {"approximate": "none"},
    "Softplus": {"beta": 1.0, "threshold": 20.0},
    "Softmax": {"dim": None},
    "LogSoftmax": {"dim": None},
    **{name: {"inplace": False} for name in _PLAIN},
}
"""The arguments of each module that is read, with their defaults, as torch 2.13 has them."""

Settings = dict[str, Any]


def settings(layer: Layer) -> Settings:
    """Return the arguments of a module of `SIGNATURES` by their names.

    Raises:
        NotATreeError: They do not fit, or one is not known.
    """
    name = layer.name.rpartition(".")[2]
    signature = SIGNATURES[name]
    given = dict(zip(signature, layer.args, strict=False)) | layer.kwargs
    given = {key: value for key, value in given.items() if key not in ("device", "dtype")}
    found = {**signature, **given}
    if len(layer.args) > len(signature) or found.keys() - signature.keys():
        raise NotATreeError("python", f"nn.{name} has no such argument")
    missing = [key for key, value in found.items() if value is _REQUIRED]
    if missing:
        raise NotATreeError("python", f"nn.{name} needs {missing[0]}")
    unknown = [value.what for value in found.values() if isinstance(value, Unknown)]
    if unknown:
        raise NotATreeError("python", f"an argument of nn.{name} is not known: {unknown[0]}")
    return found


def module(layer: Layer, entering: Shape) -> Module:
    """Return what a module of `SIGNATURES` is in a tree where `entering` enters it, widths as numbers.

    Raises:
        NotATreeError: No module of a tree does the same.
    """
    name = layer.name.rpartition(".")[2]
    return _WAYS[name](settings(layer), entering)


def _refuse(what: str) -> NotATreeError:
    return NotATreeError("module", f"no module of a tree has {what}")


def _side(value: Any, what: str) -> int:
    """Return a size that is the same in both directions."""
    if (
        isinstance(value, tuple | list)
        and 0 < len(value) <= 2
        and all(isinstance(each, int) for each in value)
    ):
        value = value[0] if value[0] == value[-1] else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refuse(f"a {what} that is not one whole number")
    return int(value)


def _only(given: Settings, **defaults: object) -> None:
    """Refuse arguments that a tree has no word for, unless they are at their defaults."""
    for name, default in defaults.items():
        if given[name] != default:
            raise _refuse(f"another {name} than {default!r}")


def _enters(expected: object, found: int) -> None:
    if not isinstance(expected, int) or expected != found:
        wanted = expected if isinstance(expected, int) else "other"
        raise NotATreeError("shape", f"a module takes {wanted} channels, {found} enter it")


def _padded(given: Settings, kernel: int, dilation: int = 1) -> bool:
    padding, reach = given["padding"], dilation * (kernel - 1)
    if isinstance(padding, str):
        padding = 0 if padding == "valid" else reach // 2 if reach % 2 == 0 else -1
    padding = _side(padding, "padding")
    if padding not in (0, reach // 2):
        raise _refuse(f"a padding of {padding} around a kernel of {kernel}")
    return padding == reach // 2


def _conv(given: Settings, entering: Shape) -> Module:
    kernel, dilation = _side(given["kernel_size"], "kernel"), _side(given["dilation"], "dilation")
    _enters(given["in_channels"], entering.channels)
    if given["padding_mode"] != "zeros" and _side(given["padding"], "padding"):
        raise _refuse("a padding with other values than zeros")
    values: dict[str, Value] = {
        "width": _side(given["out_channels"], "width"),
        "kernel": kernel,
        "stride": _side(given["stride"], "stride"),
        "groups": _side(given["groups"], "number of groups"),
        "dilation": dilation,
        "bias": bool(given["bias"]),
        "padded": _padded(given, kernel, dilation),
    }
    return Module("conv", tuple(values.items()))


def _linear(given: Settings, entering: Shape) -> Module:
    if not entering.flat:
        raise _refuse("a linear layer over images")
    _enters(given["in_features"], entering.channels)
    return Module("linear", (("width", _side(given["out_features"], "width")), ("bias", bool(given["bias"]))))


def _batch_norm(given: Settings, entering: Shape) -> Module:
    _enters(given["num_features"], entering.channels)
    _only(given, affine=True, track_running_stats=True)
    return Module("batch_norm")


def _instance_norm(given: Settings, entering: Shape) -> Module:
    _enters(given["num_features"], entering.channels)
    _only(given, track_running_stats=False)
    return Module("instance_norm", (("affine", bool(given["affine"])),))


def _group_norm(given: Settings, entering: Shape) -> Module:
    _enters(given["num_channels"], entering.channels)
    _only(given, affine=True)
    groups = _side(given["num_groups"], "number of groups")
    return Module("layer_norm") if groups == 1 else Module("group_norm", (("groups", groups),))


def _layer_norm(given: Settings, entering: Shape) -> Module:
    if not entering.flat:
        raise _refuse("a layer normalisation over the last sides of images")
    _enters(_side(given["normalized_shape"], "shape of a normalisation"), entering.channels)
    _only(given, elementwise_affine=True, bias=True)
    return Module("layer_norm")


def _window(name: str, given: Settings) -> Module:
    kernel = _side(given["kernel_size"], "kernel")
    stride = kernel if given["stride"] in (None, [], ()) else _side(given["stride"], "stride")
    values = {"kernel": kernel, "stride": stride, "padded": _padded(given, kernel)}
    return Module(name, (*values.items(), ("ceil", bool(given["ceil_mode"]))))


def _max_pool(given: Settings, _: Shape) -> Module:
    _only(given, return_indices=False)
    if _side(given["dilation"], "dilation") != 1:
        raise _refuse("a pooling with dilation")
    return _window("max_pool", given)


def _avg_pool(given: Settings, _: Shape) -> Module:
    _only(given, divisor_override=None)
    pooled = _window("avg_pool", given)
    if not given["count_include_pad"] and _side(given["padding"], "padding"):
        raise _refuse("count_include_pad=False")
    return pooled


def _adaptive(by: str) -> Callable[[Settings, Shape], Module]:
    def read(given: Settings, _: Shape) -> Module:
        if given.get("return_indices"):
            raise _refuse("return_indices=True")
        return Module("pool", (("size", _side(given["output_size"], "size")), ("by", by)))

    return read


def _upsample(given: Settings, _: Shape) -> Module:
    _only(given, size=None, mode="nearest")
    factor = given["scale_factor"]
    whole = int(factor) if isinstance(factor, float) and factor.is_integer() else factor
    return Module("upsample", (("factor", _side(whole, "factor")),))


def _channel_shuffle(given: Settings, _: Shape) -> Module:
    return Module("channel_shuffle", (("groups", _side(given["groups"], "number of groups")),))


def _flatten(given: Settings, _: Shape) -> Module:
    _only(given, start_dim=1, end_dim=-1)
    return Module("flatten")


def _chance(name: str) -> Callable[[Settings, Shape], Module]:
    return lambda given, _: Module(name, (("p", _float(given["p"])),))


def _float(value: object) -> float:
    if not isinstance(value, int | float):
        raise _refuse("a rate that is no number")
    return float(value)


def _prelu(given: Settings, entering: Shape) -> Module:
    each = given["num_parameters"] != 1
    if each:
        _enters(given["num_parameters"], entering.channels)
    return Module("prelu", (("each", each),))


def _plain(name: str, **defaults: object) -> Callable[[Settings, Shape], Module]:
    def read(given: Settings, _: Shape) -> Module:
        _only(given, **defaults)
        return Module(name)

    return read


_WAYS: Mapping[str, Callable[[Settings, Shape], Module]] = {
    "Conv2d": _conv,
    "Linear": _linear,
    "BatchNorm2d": _batch_norm,
    "InstanceNorm2d": _instance_norm,
    "GroupNorm": _group_norm,
    "LayerNorm": _layer_norm,
    "MaxPool2d": _max_pool,
    "AvgPool2d": _avg_pool,
    "AdaptiveAvgPool2d": _adaptive("mean"),
    "AdaptiveMaxPool2d": _adaptive("max"),
    "Upsample": _upsample,
    "ChannelShuffle": _channel_shuffle,
    "Flatten": _flatten,
    "Dropout": _chance("dropout"),
    "Dropout2d": _chance("dropout2d"),
    "LeakyReLU": lambda given, _: Module("leaky_relu", (("slope", _float(given["negative_slope"])),)),
    "PReLU": _prelu,
    "ELU": _plain("elu", alpha=1.0),
    "GELU": _plain("gelu", approximate="none"),
    "Softplus": _plain("softplus", beta=1.0, threshold=20.0),
    **{name: _plain(name.lower()) for name in _PLAIN},
    **dict.fromkeys(("Softmax", "LogSoftmax"), _plain("log_softmax")),
}
