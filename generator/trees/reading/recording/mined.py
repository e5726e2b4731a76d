"""Mined modules in a program: which setting of which module of the library a call builds.

A class of the program is a mined one where it has its name and, but for what canonical tokens leave out, its
text. Which arguments of the tree a call stands for is found by trying: all settings are written as calls, and
compared with it. This module does *not* run a mined module, and knows nothing of it but its spec.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping

from corpus.programs.parsing import parse_or_none
from corpus.programs.tokens import canonical_tokens, outside_name
from generator.trees.nodes import Module, Value
from generator.trees.reading.recording.tensors import Layer
from generator.trees.specs import Library, ModuleSpec, Shape

MAX_SETTINGS = 2_000
"""Settings of one module that are tried for one call; our choice."""

_SAMPLE = Shape(16, 16, 16)
_TORCH = {"nn": "torch.nn", "torch": "torch"}

Call = tuple[str, tuple[object, ...], Mapping[str, object]]
"""What is called, its arguments by place, its arguments by name."""


class Mined:
    """The mined modules of a library."""

    def __init__(self, library: Library) -> None:
        self._specs: dict[str, list[ModuleSpec]] = {}
        self._tokens: dict[str, tuple[str, ...]] = {}
        self._calls: dict[tuple[str, Shape, Value], list[tuple[Call, dict[str, Value]]]] = {}
        for spec in library.values():
            written = None if spec.primitive else _read(_written(spec, _SAMPLE, {}))
            if written is not None:
                self._specs.setdefault(written[0], []).append(spec)
                if spec.text:
                    self._tokens[written[0]] = class_tokens(parse_or_none(spec.text), written[0])

    def is_mined(self, tree: ast.Module, name: str) -> bool:
        """Return whether a class of a program is a mined one."""
        return name in self._tokens and self._tokens[name] == class_tokens(tree, name)

    def module(self, layer: Layer, entering: Shape) -> Module | None:
        """Return what a call is in a tree, None where it builds no mined module as the library knows it."""
        numbers = [*layer.args, *layer.kwargs.values(), entering.channels]
        widths = dict.fromkeys(number for number in numbers if type(number) is int and number > 0)
        for spec in self._specs.get(layer.name, ()):
            for width in widths if spec.width else (None,):
                for call, values in self._ways(spec, entering, width):
                    if (call[1], call[2]) == (layer.args, layer.kwargs):
                        return Module(spec.name, tuple(values.items()))
        return None

    def _ways(self, spec: ModuleSpec, entering: Shape, width: Value) -> list[tuple[Call, dict[str, Value]]]:
        """Return the calls that all settings with one width are written as."""
        key = (spec.name, entering, width)
        if key not in self._calls:
            found = []
            for chosen in itertools.islice(itertools.product(*spec.choices.values()), MAX_SETTINGS):
                values = dict(zip(spec.choices, chosen, strict=True))
                values |= {spec.width: width} if spec.width else {}
                call = _read(_written(spec, entering, values))
                found += [(call, values)] if call else []
            self._calls[key] = found
        return self._calls[key]


def class_tokens(tree: ast.Module | None, name: str) -> tuple[str, ...]:
    """Return the canonical tokens of a class with the imports of its file; empty where there is none."""
    body = tree.body if tree is not None else []
    classes = [node for node in body if isinstance(node, ast.ClassDef) and node.name == name]
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    if not classes:
        return ()
    return canonical_tokens(ast.unparse(ast.Module([*imports, classes[-1]], [])))


def _written(spec: ModuleSpec, entering: Shape, values: Mapping[str, Value]) -> str:
    module = spec.settled(Module(spec.name, tuple(values.items())), entering.channels, 2)
    return spec.write(entering, module)


def _read(text: str) -> Call | None:
    """Return a call whose arguments are all written out, None where a text is none."""
    tree = parse_or_none(text)
    match tree.body if tree else ():
        case [ast.Expr(value=ast.Call(func=function) as call)]:
            try:
                args = tuple(ast.literal_eval(argument) for argument in call.args)
                kwargs = {each.arg or "": ast.literal_eval(each.value) for each in call.keywords}
            except (ValueError, RecursionError):
                return None
            name = function.id if isinstance(function, ast.Name) else outside_name(function, _TORCH)
            return (name, args, kwargs) if name else None
    return None
