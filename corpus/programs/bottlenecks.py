"""Bottleneck blocks in a program's text: convolutions of kernel size 1, larger, 1, one after the other.

All convolutions stand in one list by their place in the text, so that those of a block are a stretch of it.
This module does *not* follow values; `corpus.programs.families` says which program has which family.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from corpus.programs.apis import CONVOLUTION, Declaration, Function, Layers, traits_of
from corpus.programs.tokens import outside_name

_Place = tuple[int, int]


def has_bottleneck(tree: ast.Module, layers: Layers) -> bool:
    """Return whether a helper class, a function or a single `Sequential` is a bottleneck block."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls.sort(key=_start)
    kernels = _Kernels(calls, layers)
    return any(
        kernels.narrow_around_one(block) for block in _blocks(calls, layers) if not layers.concatenates(block)
    )


def is_convolution(call: ast.Call, layers: Layers) -> bool:
    """Return whether a call makes, or is, one of torch's convolutions."""
    return CONVOLUTION in traits_of(outside_name(call.func, layers.imports) or "")


def _blocks(calls: list[ast.Call], layers: Layers) -> Iterator[Declaration | ast.Call]:
    for owner in layers.classes.values():
        methods = {method.name for method in owner.body if isinstance(method, Function)}
        if "train_setup" not in methods:
            yield owner
    yield from layers.functions.values()
    for call in calls:
        if (outside_name(call.func, layers.imports) or "").endswith(".Sequential"):
            yield call


class _Helper(NamedTuple):
    """What makes a convolution: the only one in a helper class or function.

    Attributes:
        kernel: Its kernel size in the helper's text.
        parameter: The parameter that holds the kernel size, None if it is fixed.
        position: That parameter's place among those that a call passes.
        default: Its default.
    """

    kernel: ast.expr | None
    parameter: str | None = None
    position: int = 0
    default: ast.expr | None = None


class _Kernels:
    """The kernel sizes of a program's convolutions, made directly or by a helper with one of them in it."""

    def __init__(self, calls: list[ast.Call], layers: Layers) -> None:
        self._layers = layers
        self._convolutions = [call for call in calls if is_convolution(call, layers)]
        self._convolution_places = [_start(call) for call in self._convolutions]
        self._helpers: dict[str, _Helper | None] = {}
        known = [(_start(call), size) for call in calls if (size := self._size(call)) is not None]
        self._places = [place for place, _ in known]
        self._sizes = [size for _, size in known]
        self._larger = [index for index, size in enumerate(self._sizes) if size != 1]

    def narrow_around_one(self, block: ast.stmt | ast.expr) -> bool:
        """Return whether a block has one larger kernel with nothing but 1x1 before and after it.

        Shortcuts and gates may add to the latter. Two larger are another block.
        """
        first, end = _stretch(self._places, block)
        at = bisect_left(self._larger, first)
        inside = self._larger[at : at + 2]
        if not inside or inside[0] >= end or (len(inside) == 2 and inside[1] < end):
            return False
        return first < inside[0] < end - 1 and self._sizes[inside[0]] > 1

    def _size(self, call: ast.Call) -> int | None:
        if is_convolution(call, self._layers):
            return _constant(_argument(call, "kernel_size", 2))
        helper = self._helper(call.func.id) if isinstance(call.func, ast.Name) else None
        if helper is None:
            return None
        if helper.parameter is None:
            return _constant(helper.kernel)
        return _constant(_argument(call, helper.parameter, helper.position) or helper.default)

    def _helper(self, name: str) -> _Helper | None:
        if name not in self._helpers:
            self._helpers[name] = self._found(name)
        return self._helpers[name]

    def _found(self, name: str) -> _Helper | None:
        declared = self._layers.declaration(name)
        if declared is None:
            return None
        first, end = _stretch(self._convolution_places, declared)
        if end - first != 1:
            return None
        kernel = _argument(self._convolutions[first], "kernel_size", 2)
        return _passed_on(declared, kernel) if isinstance(kernel, ast.Name) else _Helper(kernel)


def _passed_on(declared: Declaration, kernel: ast.Name) -> _Helper | None:
    """Return a helper that takes its kernel size as a parameter, None if it does not."""
    function: ast.AST | None = declared
    if isinstance(declared, ast.ClassDef):
        methods = (node for node in declared.body if isinstance(node, Function))
        function = next((method for method in methods if method.name == "__init__"), None)
    if not isinstance(function, Function):
        return None
    names = [argument.arg for argument in function.args.args if argument.arg != "self"]
    if kernel.id not in names:
        return None
    position = names.index(kernel.id)
    from_end = len(names) - position
    defaults = function.args.defaults
    default = defaults[-from_end] if from_end <= len(defaults) else None
    return _Helper(kernel, kernel.id, position, default)


def _start(node: ast.stmt | ast.expr) -> _Place:
    return node.lineno, node.col_offset


def _stretch(places: list[_Place], node: ast.stmt | ast.expr) -> tuple[int, int]:
    """Return where in the sorted `places` those within a part of the text begin and end."""
    end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return bisect_left(places, _start(node)), bisect_left(places, end)


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
