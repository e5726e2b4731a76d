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
a proof about one program.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from corpus.programs.apis import CONVOLUTION, Function, Layers, traits_of
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


# A memo of a pure function, for reports that go over the same programs again and again.
@lru_cache(maxsize=4096)
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
        for method in owner.body:
            if isinstance(method, Function) and method.name not in _NOT_FORWARD:
                FlowReader(layers, layers.attributes(owner), found).read(method)
    names = list(layers.api_names(tree))
    if any(name.rpartition(".")[2].startswith(_ATTENTION) for name in names):
        found.add("attention")
    if any(_is_grouped(call, layers) for call in ast.walk(tree) if isinstance(call, ast.Call)):
        found.add("depthwise")
    if any(_is_bottleneck(block, layers) for block in _blocks(tree, layers)):
        found.add("bottleneck")
    convolves = any(CONVOLUTION in traits_of(name) for name in names)
    if not convolves:
        found -= {"depthwise", "bottleneck"}
        return frozenset(found if "attention" in found else found | {"mlp"})
    return frozenset(found or {"plain"})


def _is_grouped(call: ast.Call, layers: Layers) -> bool:
    """Return whether a call sets `groups` to something other than 1 or a parameter that is passed through."""
    if not _is_convolution(call, layers) and outside_name(call.func, layers.imports):
        return False
    groups = next((keyword.value for keyword in call.keywords if keyword.arg == "groups"), None)
    if groups is None and _is_convolution(call, layers) and len(call.args) > 6:
        groups = call.args[6]
    match groups:
        case None | ast.Constant(value=1):
            return False
        case ast.Name(id="groups" | "group" | "g"):
            # Passed on from a parameter of the same meaning: the caller's own `groups=` decides.
            return False
    return True


def _is_convolution(call: ast.Call, layers: Layers) -> bool:
    return CONVOLUTION in traits_of(outside_name(call.func, layers.imports) or "")


def _blocks(tree: ast.Module, layers: Layers) -> Iterator[ast.AST]:
    """Yield what may be a bottleneck block: helper classes and functions, and single `Sequential` calls."""
    for owner in layers.classes.values():
        methods = {method.name for method in owner.body if isinstance(method, Function)}
        if "train_setup" not in methods:
            yield owner
    yield from layers.functions.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (outside_name(node.func, layers.imports) or "").endswith(
            ".Sequential"
        ):
            yield node


def _is_bottleneck(block: ast.AST, layers: Layers) -> bool:
    if "torch.cat" in layers.api_names(block):
        return False
    calls = [node for node in ast.walk(block) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    kernels = "".join(str(min(size, 9)) for call in calls if (size := _kernel(call, layers)) is not None)
    # One larger kernel among 1x1: shortcuts and gates may add to the latter. Two larger are another block.
    return re.fullmatch("1+[2-9]1+", kernels) is not None


def _kernel(call: ast.Call, layers: Layers) -> int | None:
    """Return the kernel size of a convolution, made directly or by a helper with one convolution in it."""
    if _is_convolution(call, layers):
        return _constant(_argument(call, "kernel_size", 2))
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    helper = layers.functions.get(name) or layers.classes.get(name)
    if helper is None:
        return None
    inside = [
        node for node in ast.walk(helper) if isinstance(node, ast.Call) and _is_convolution(node, layers)
    ]
    if len(inside) != 1:
        return None
    kernel = _argument(inside[0], "kernel_size", 2)
    if not isinstance(kernel, ast.Name):
        return _constant(kernel)
    return _constant(_passed(call, helper, kernel.id))


def _passed(call: ast.Call, helper: Function | ast.ClassDef, parameter: str) -> ast.expr | None:
    """Return what `call` passes to a helper as `parameter`, or its default."""
    function: ast.AST | None = helper
    if isinstance(helper, ast.ClassDef):
        methods = (node for node in helper.body if isinstance(node, Function))
        function = next((method for method in methods if method.name == "__init__"), None)
    if not isinstance(function, Function):
        return None
    names = [argument.arg for argument in function.args.args if argument.arg != "self"]
    if parameter not in names:
        return None
    position = names.index(parameter)
    passed = _argument(call, parameter, position)
    from_end = len(names) - position
    defaults = function.args.defaults
    return passed or (defaults[-from_end] if from_end <= len(defaults) else None)


def _argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _constant(node: ast.expr | None) -> int | None:
    match node:
        case ast.Constant(value=int(size)):
            return size
        case ast.Tuple(elts=[ast.Constant(value=int(size)), *_]):
            return size
    return None
