"""Mined modules in a program: which setting of which module of the library a call builds.

A class of the program is a mined one where all that the module's text defines stands in the program, under
the same names and, but for what canonical tokens leave out, with the same text. Which arguments of the tree a
call stands for is found by trying: all settings are written as calls, and compared with it. This module does
*not* run a mined module, and knows nothing of it but its spec.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping

from corpus.programs.parsing import parse_or_none
from corpus.programs.tokens import canonical_tokens
from generator.trees.nodes import Module, Value
from generator.trees.reading.recording.tensors import Layer
from generator.trees.specs import Library, ModuleSpec, Shape

MAX_SETTINGS = 2_000
"""Settings of one module that are tried for one call; our choice."""

_SAMPLE = Shape(16, 16, 16)

Call = tuple[str, tuple[object, ...], Mapping[str, object]]
"""What is called, its arguments by place, its arguments by name."""


class Mined:
    """The mined modules of a library, as a program uses them.

    Args:
        library: The library.
        tree: The program.
    """

    def __init__(self, library: Library, tree: ast.Module) -> None:
        self._specs: dict[str, list[ModuleSpec]] = {}
        self._calls: dict[tuple[str, Shape, Value], list[tuple[Call, dict[str, Value]]]] = {}
        program = _Definitions(tree)
        for spec in library.values():
            written = None if spec.primitive else _written(spec, _SAMPLE, {})
            if written is not None and (not spec.text or program.hold(spec.text, written[0])):
                self._specs.setdefault(written[0], []).append(spec)

    def __contains__(self, name: str) -> bool:
        """Return whether a name that a program calls, in full, is that of a mined module."""
        return name in self._specs

    @property
    def names(self) -> frozenset[str]:
        """What is called to build the mined modules."""
        return frozenset(self._specs)

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
                call = _written(spec, entering, values)
                found += [(call, values)] if call else []
            self._calls[key] = found
        return self._calls[key]


class _Definitions:
    """The functions and classes of a program, with the imports that they use."""

    def __init__(self, tree: ast.Module | None) -> None:
        body = tree.body if tree is not None else []
        self._imports = [
            (node, {alias.asname or alias.name.partition(".")[0] for alias in node.names})
            for node in body
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        self._nodes = {node.name: node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        self._tokens: dict[str, tuple[str, ...]] = {}

    def hold(self, text: str, name: str) -> bool:
        """Return whether all that the text of a module defines is here as it is there.

        Args:
            text: The text.
            name: What is called to build the module: a class of the text, or of what it imports.
        """
        if "." not in name and name not in self._nodes:
            return False
        others = _Definitions(parse_or_none(text))
        return all(self.tokens(each) == others.tokens(each) for each in others._nodes)

    def tokens(self, name: str) -> tuple[str, ...]:
        """Return the canonical tokens of a function or a class; empty where there is none."""
        if name not in self._tokens:
            node = self._nodes.get(name)
            used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} if node else set()
            imports = [each for each, bound in self._imports if bound & used]
            try:
                text = ast.unparse(ast.Module([*imports, node], [])) if node else ""
                self._tokens[name] = canonical_tokens(text)
            except RecursionError:  # nested too deeply: equal to nothing
                self._tokens[name] = (str(id(self)),)
        return self._tokens[name]


def _written(spec: ModuleSpec, entering: Shape, values: Mapping[str, Value]) -> Call | None:
    """Return the call that a module is written as; None where it is no setting, or no call of literals."""
    module = spec.settled(Module(spec.name, tuple(values.items())), entering.channels, 2)
    try:
        tree = parse_or_none(spec.write(entering, module))
        match tree.body if tree else ():
            case [ast.Expr(value=ast.Call(func=function) as call)]:
                args = tuple(ast.literal_eval(argument) for argument in call.args)
                kwargs = {each.arg or "": ast.literal_eval(each.value) for each in call.keywords}
                name = ast.unparse(function)
                return f"torch.{name}" if name.startswith("nn.") else name, args, kwargs
    except (ValueError, RecursionError):
        return None
    return None
