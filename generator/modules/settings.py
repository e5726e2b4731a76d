"""Which arguments to try with a mined module: guesses by the names, annotations and defaults of arguments.

A *hypothesis* says which arguments name channels; `"$in"` and `"$out"` stand for the numbers that enter and
that shall leave, `"$in/4"` for a quarter of what enters, `"$nn.ReLU"` for
a class. Where a hypothesis works, its *variations* are
worth a look: strides, kernels, one ratio. All names and numbers here are our choice, drawn from how
libraries of networks call their arguments; a wrong guess costs one probe, as it fails or is of no use.

This module does *not* run anything.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic import JsonValue

from corpus.records.modules.mined import MinedModule, ModuleArgument

IN, OUT, QUARTER, CLASS = "$in", "$out", "$in/4", "$nn."

MAX_SETTINGS = 8
"""Most settings tried with one module."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENTERS = _words(
    """
    in_channels in_chs in_chans in_features in_dim in_planes inplanes in_ch in_c inp inc input_dim
    dim_in c_in input_channels in_channel in_size nin num_input_features input_features in_filters ch_in
    c1
    """
)
_LEAVES = _words(
    """
    out_channels out_chs out_chans out_features out_dim out_planes outplanes oup outp out_ch out_c outc
    c_out output_dim output_channels out_channel out_size nout dim_out ch_out out_filters num_filters
    filters growth_rate c2
    """
)
_EITHER = _words(
    """
    dim dims num_features num_channels n_channels channels channel chs ch planes embed_dim d_model
    features nf normalized_shape num_chs hidden_size width num_parameters c filters n_feats nc feat_dim
    """
)
"""What enters where nothing else says so, else what leaves."""

_INNER = (
    "hidden",
    "mid",
    "inner",
    "bottleneck",
    "squeeze",
    "rd_c",
    "reduced",
    "attn_dim",
    "key_dim",
    "dim_feed",
)
_STRIDES = frozenset({"stride", "strides"})
_KERNELS = frozenset({"kernel_size", "kernel", "ksize", "kernel_sz", "dw_kernel_size", "k_size"})
_PADDINGS = frozenset({"padding", "pad"})
_RATIOS = (
    *(
        "reduction",
        "ratio",
        "reduction_ratio",
        "rd_ratio",
        "se_ratio",
        "expansion",
        "expand_ratio",
        "exp_ratio",
    ),
    *("mlp_ratio", "bottle_ratio", "bottleneck_ratio", "expansion_factor", "r", "t"),
)
_CLASSES = frozenset({"num_classes", "n_classes", "nclass", "classes", "out_classes"})
_HEADS = frozenset({"num_heads", "heads", "n_heads", "nhead", "n_head"})
_REQUIRED: Mapping[str, JsonValue] = {
    **dict.fromkeys((*_HEADS, "num_groups", "window_size"), 4),
    **dict.fromkeys(("head_dim", "dim_head"), 8),
    **dict.fromkeys(("dilation", "dilations", "padding", "pad", "p"), 1),
    **dict.fromkeys(
        ("depth", "num_layers", "num_blocks", "layers", "n", "num_convs", "blocks", "repeats"), 1
    ),
    **dict.fromkeys(
        ("upscale_factor", "downscale_factor", "scale_factor", "bn_size", "groups", "group", "norm_type"), 2
    ),
    **dict.fromkeys(
        ("drop", "dropout", "drop_prob", "drop_rate", "drop_path", "rate", "lambd", "threshold"), 0.1
    ),
    **dict.fromkeys(("alpha", "beta", "gamma", "scale", "max_val", "temperature"), 1.0),
    **dict.fromkeys(("value", "min_val"), 0.0),
    **dict.fromkeys(("eps", "init_value", "init_values"), 1e-5),
    **dict.fromkeys(("act_layer", "act", "activation", "act_fn", "non_linearity"), f"{CLASS}ReLU"),
    **dict.fromkeys(("norm_layer", "norm", "norm_fn"), f"{CLASS}BatchNorm2d"),
    "size": 5,
    "output_size": 8,
    "bias": True,
}
"""What arguments get that must be given, by their names."""

_LONGEST_DEFAULT = 200
_UNKNOWN = object()

Setting = dict[str, JsonValue]


class Trials(NamedTuple):
    """What to try with a module.

    Attributes:
        hypotheses: Settings to try in turn, until one works.
        variations: For each of them, what else is worth a look if it works.
        reason: Why there is nothing to try, None where there is.
    """

    hypotheses: tuple[Setting, ...] = ()
    variations: tuple[tuple[Setting, ...], ...] = ()
    reason: str | None = None


def trials(module: MinedModule) -> Trials:
    """Return what to try with a module, at most `MAX_SETTINGS` settings in all."""
    least, most = module.inputs
    if module.flaw is not None:
        return Trials(reason=module.flaw)
    if least > 1 or most == 0:
        return Trials(reason=f"forward takes {least or 'no'} tensors, a module of a tree takes one")
    if any(argument.name.lower() in _CLASSES for argument in module.arguments):
        return Trials(reason="it has classes of its own: a whole network, or the head of one")
    base = _channels(module.arguments)
    for argument in module.arguments:
        if argument.required and argument.name not in base:
            value = _guess(argument)
            if value is _UNKNOWN:
                return Trials(reason=f"nobody can guess the argument '{argument.name}', which must be given")
            base[argument.name] = value  # type: ignore[assignment]
        elif argument.name.lower() in _HEADS and _odd(_literal(argument)):
            base[argument.name] = _REQUIRED["num_heads"]
    ways = list(_ways(base, module.arguments))
    hypotheses = list(_hypotheses(base, module.arguments))
    firsts = [each | ways[0] for each in hypotheses]
    if ways[0]:
        firsts.append(hypotheses[0])  # as it is by default
    room = MAX_SETTINGS - len(firsts)
    variations = [tuple(each | way for way in ways[1:])[:room] for each in hypotheses]
    return Trials(tuple(firsts), (*variations, ()) if ways[0] else tuple(variations))


def _channels(arguments: tuple[ModuleArgument, ...]) -> Setting:
    """Return the arguments that name channels, with what they name."""
    found: Setting = {}
    either: list[str] = []
    for argument in arguments:
        name = argument.name.lower()
        if name in _ENTERS:
            found[argument.name] = IN
        elif name in _LEAVES:
            found[argument.name] = OUT
        elif name in _EITHER and (argument.required or _counts(argument)):
            either.append(argument.name)
    if either and IN not in found.values():
        found[either.pop(0)] = IN
    if either and OUT not in found.values():
        found[either.pop(0)] = OUT
    return found


def _counts(argument: ModuleArgument) -> bool:
    """Return whether a default looks like a number of channels."""
    value = _literal(argument)
    return isinstance(value, int) and value >= 8


def _odd(heads: object) -> bool:
    """Return whether a number of heads seldom divides a number of channels."""
    return isinstance(heads, int) and heads > 0 and bool(heads & (heads - 1))


def _guess(argument: ModuleArgument) -> object:
    """Return a value for an argument that must be given, `_UNKNOWN` where nothing speaks for any."""
    name, annotation = argument.name.lower(), argument.annotation or ""
    if name in _KERNELS or name == "k":
        return 3
    if name in _STRIDES or name == "s":
        return 1
    if name in _REQUIRED:
        return _REQUIRED[name]
    if name in _RATIOS:
        return 4
    if name.startswith(_INNER) or name in _EITHER:
        return IN
    if annotation == "bool" or name.startswith(("use_", "with_", "is_", "has_")):
        return False
    return None if "Optional" in annotation or "None" in annotation else _UNKNOWN


def _hypotheses(base: Setting, arguments: tuple[ModuleArgument, ...]) -> Iterator[Setting]:
    """Yield what arguments may mean: as they are called, a bottleneck's planes, what leaves follows."""
    yield base
    if base.get("planes") == OUT:
        yield base | {"planes": QUARTER}
    optional = {each.name for each in arguments if not each.required}
    fewer = {name: value for name, value in base.items() if value != OUT or name not in optional}
    if fewer != base:
        yield fewer


def _ways(base: Setting, arguments: tuple[ModuleArgument, ...]) -> Iterator[Setting]:
    """Yield the combinations of kernel, stride and ratio, defaults first; one empty where there are none."""
    kernels = _KERNELS | ({"k"} if "k" in base else set())
    kernel = next((each for each in arguments if each.name.lower() in kernels), None)
    strides = _STRIDES | ({"s"} if "s" in base else set())
    stride = next((each for each in arguments if each.name.lower() in strides), None)
    padding = next((each for each in arguments if each.name.lower() in _PADDINGS and _pads(each)), None)
    ratio = next((each for name in _RATIOS for each in arguments if each.name.lower() == name), None)
    by_kernel: list[Setting] = []
    if kernel is not None:
        for size in _kernels(_literal(kernel)):
            padded: Setting = {padding.name: size // 2} if padding else {}
            by_kernel.append({kernel.name: size, **padded})
    by_stride: list[Setting] = []
    if stride is not None:
        by_stride = [{stride.name: each} for each in ((2, 1) if _literal(stride) == 2 else (1, 2))]
    by_ratio: list[Setting] = []
    if ratio is not None and ratio.name not in _channels(arguments):
        by_ratio = [{ratio.name: each} for each in _ratios(base.get(ratio.name, _literal(ratio)))]
    for parts in itertools.product(by_stride or [{}], by_kernel or [{}], by_ratio or [{}]):
        yield {name: value for part in parts for name, value in part.items()}


def _kernels(default: object) -> tuple[int, ...]:
    first = default if isinstance(default, int) and default >= 3 and default % 2 else 3
    return first, 5 if first == 3 else 3


def _ratios(default: object) -> list[JsonValue]:
    """Return a ratio and half of it."""
    if isinstance(default, bool) or not isinstance(default, int | float) or default <= 0:
        return []
    half = default / 2 if isinstance(default, float) else default // 2
    return [default, half] if half else [default]


def _pads(argument: ModuleArgument) -> bool:
    """Return whether an argument is a padding in pixels."""
    return argument.required or type(_literal(argument)) is int


def _literal(argument: ModuleArgument) -> object:
    """Return the default's value where it is written out, else `_UNKNOWN`."""
    if argument.default is None or len(argument.default) > _LONGEST_DEFAULT:
        return _UNKNOWN
    try:
        return ast.literal_eval(argument.default)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _UNKNOWN
