"""Which families of building blocks a program uses, read off its syntax tree without running it.

    residual        a sum of two values that come from one input
    inception       a concatenation of branches that come from one input
    dense           a concatenation of a value with something computed from it
    depthwise       a convolution with groups
    squeeze_excite  a product of a value with its own pooled and gated summary
    bottleneck      a block of three convolutions, 1x1 - larger - 1x1
    attention       a softmax over products, or one of torch's own attention layers
    mlp             neither convolution nor attention
    plain           convolutions, and none of the above

A heuristic for *any* program, not only for those of our grammar: good for watching a population narrow, not
a proof about one program. The time is in proportion to the text.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from corpus.programs.apis import CONVOLUTION, Function, Layers, traits_of
from corpus.programs.bottlenecks import has_bottleneck, is_convolution
from corpus.programs.dataflow import FlowReader
from corpus.programs.parsing import parse_or_none
from corpus.programs.tokens import outside_name

FAMILIES = (
    "attention",
    "bottleneck",
    "dense",
    "depthwise",
    "inception",
    "mlp",
    "plain",
    "residual",
    "squeeze_excite",
)
_NOT_FORWARD = {"__init__", "train_setup", "learn", "supported_hyperparameters"}
_MAX_CHARACTERS = 40_000
_ATTENTION = ("MultiheadAttention", "scaled_dot_product_attention", "Transformer")


# A memo of a pure function: reports, and lessons by niches at every cycle, go over the same programs again. A
# program takes a hundred times as long to be read as to be remembered, which is two kilobytes.
@lru_cache(maxsize=65_536)
def block_families(source: str) -> frozenset[str]:
    """Return the families that a program uses; none for a text that is no program or far too long."""
    tree = parse_or_none(source) if len(source) <= _MAX_CHARACTERS else None
    if tree is None:
        return frozenset()
    try:
        return _families(tree)
    except RecursionError:  # expressions nested by the thousand
        return frozenset()


def _families(tree: ast.Module) -> frozenset[str]:
    layers = Layers.of(tree)
    found: set[str] = set()
    for function in layers.functions.values():
        if function.name not in _NOT_FORWARD:
            FlowReader(layers, {}, found).read(function)
    for owner in layers.classes.values():
        methods = [
            node for node in owner.body if isinstance(node, Function) and node.name not in _NOT_FORWARD
        ]
        attributes = layers.attributes(owner) if methods else {}
        for method in methods:
            FlowReader(layers, attributes, found).read(method)
    names = list(layers.api_names(tree))
    if any(name.rpartition(".")[2].startswith(_ATTENTION) for name in names):
        found.add("attention")
    if any(_is_grouped(call, layers) for call in ast.walk(tree) if isinstance(call, ast.Call)):
        found.add("depthwise")
    if has_bottleneck(tree, layers):
        found.add("bottleneck")
    convolves = any(CONVOLUTION in traits_of(name) for name in names)
    if not convolves:
        found -= {"depthwise", "bottleneck"}
        return frozenset(found if "attention" in found else found | {"mlp"})
    return frozenset(found or {"plain"})


def _is_grouped(call: ast.Call, layers: Layers) -> bool:
    """Return whether a call sets `groups` to something other than 1 or a parameter that is passed through."""
    if not is_convolution(call, layers) and outside_name(call.func, layers.imports):
        return False
    groups = next((keyword.value for keyword in call.keywords if keyword.arg == "groups"), None)
    if groups is None and is_convolution(call, layers) and len(call.args) > 6:
        groups = call.args[6]
    match groups:
        case None | ast.Constant(value=1):
            return False
        case ast.Name(id="groups" | "group" | "g"):
            # Passed on from a parameter of the same meaning: the caller's own `groups=` decides.
            return False
    return True
