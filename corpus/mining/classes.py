"""Which classes are modules of torch, and how they are built and called, as far as text shows.

A class is a module if `torch.nn.Module` is among its ancestors, be it through other classes of its file, its
package or torch. This module does *not* look at what a constructor or a forward pass does.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.mining.files import SourceFile
from corpus.mining.names import Use
from corpus.mining.resolving import Inside, Outside, Resolver
from corpus.records.modules.mined import ModuleArgument

_MODULE = frozenset({"torch.nn.Module", "torch.nn.modules.Module", "torch.nn.modules.module.Module"})
_MODULE_PLACE = "nn/modules/module.py"
_MAX_ANCESTORS = 100
_MAX_ATTRIBUTES = 8

Method = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, eq=False)
class Ancestor:
    """A class with the file that it stands in."""

    file: SourceFile
    node: ast.ClassDef

    def method(self, name: str) -> Method | None:
        """Return a method of its own body, of several the last; None where there is none."""
        methods = [each for each in self.node.body if isinstance(each, Method) and each.name == name]
        return methods[-1] if methods else None


class Classes:
    """Answers what is asked of the classes of files."""

    def __init__(self, resolver: Resolver) -> None:
        """Follow names by `resolver`."""
        self._resolver = resolver

    def ancestry(self, file: SourceFile, node: ast.ClassDef) -> tuple[Sequence[Ancestor], bool]:
        """Return a class with its ancestors, and whether `torch.nn.Module` is among them, which is left out.

        Each comes before its own bases, and what is left before what is right.
        """
        order: list[Ancestor] = []
        is_module = False
        seen: set[tuple[str, str]] = set()
        waiting: list[tuple[Ancestor, bool]] = [(Ancestor(file, node), False)]
        while waiting:
            current, bases_are_done = waiting.pop()
            if bases_are_done:
                order.append(current)
                continue
            key = (str(current.file.path or current.file.location), current.node.name)
            if key in seen or len(seen) > _MAX_ANCESTORS:
                continue
            seen.add(key)
            waiting.append((current, True))
            for base in current.node.bases:
                found = self._base(current.file, base)
                if isinstance(found, Ancestor):
                    waiting.append((found, False))
                is_module = is_module or found is True
        return order[::-1], is_module

    def importable_from(self, file: SourceFile, name: str) -> str | None:
        """Return the module that a class of the installed torch is imported from, None for any other."""
        torch = self._resolver.torch
        if torch is None or file.origin is None or file.path is None or file.origin.top != torch.top:
            return None
        found = self._resolver.dotted(torch, ("torch", "nn", name))
        if isinstance(found, Inside) and found.file.path == file.path and found.name == name:
            return "torch.nn"
        parts = file.path.relative_to(torch.base).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _base(self, file: SourceFile, base: ast.expr) -> Ancestor | bool:
        """Return the class that a base stands for, or whether it is `torch.nn.Module` itself."""
        use = _use(base.value if isinstance(base, ast.Subscript) else base)
        target = None if use is None else self._resolver.resolve(file, use)
        if use is None or target is None:
            return False
        rest = use[1][target.eaten :]
        torch = self._resolver.torch
        if isinstance(target, Outside):
            parts = (*target.full.split("."), *rest)
            if ".".join(parts) in _MODULE:
                return True
            if parts[0] != "torch" or torch is None:
                return False
            target, rest = self._resolver.dotted(torch, parts), ()
        if not isinstance(target, Inside) or rest:
            return False
        if self._is_torchs_module(target):
            return True
        node = target.file.class_of(target.name)
        return False if node is None else Ancestor(target.file, node)

    def _is_torchs_module(self, target: Inside) -> bool:
        origin, torch = target.file.origin, self._resolver.torch
        is_torch = origin is not None and torch is not None and origin.top == torch.top
        return is_torch and target.name == "Module" and target.file.location == _MODULE_PLACE


def arguments_of(ancestry: Sequence[Ancestor]) -> tuple[ModuleArgument, ...]:
    """Return the arguments of a class's constructor.

    A constructor that takes anything and names nothing, `(self, *args, **kwargs)`, is passed over for that of
    the next ancestor.
    """
    for ancestor in ancestry:
        method = ancestor.method("__init__")
        if method is not None:
            found = tuple(_arguments(method.args))
            if found or not (method.args.vararg and method.args.kwarg):
                return found
    return ()


def inputs_of(ancestry: Sequence[Ancestor]) -> tuple[int, int | None] | None:
    """Return how many arguments `forward` must and may be given, None where no ancestor has a `forward`."""
    for ancestor in ancestry:
        method = ancestor.method("forward")
        if method is not None:
            return _arity(method)
        for statement in ancestor.node.body:
            if "forward" in _assigned(statement):
                return _arity_of_value(ancestor, statement)
    return None


def _arguments(arguments: ast.arguments) -> list[ModuleArgument]:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [*[None] * missing, *arguments.defaults]
    found = [_argument(each, default) for each, default in zip(positional, defaults, strict=True)][1:]
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return found + [_argument(each, default, keyword_only=True) for each, default in pairs]


def _argument(argument: ast.arg, default: ast.expr | None, *, keyword_only: bool = False) -> ModuleArgument:
    return ModuleArgument(
        name=argument.arg,
        annotation=None if argument.annotation is None else ast.unparse(argument.annotation),
        default=None if default is None else ast.unparse(default),
        keyword_only=keyword_only,
    )


def _arity(method: Method, bound: int = 1) -> tuple[int, int | None]:
    arguments = method.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in method.decorator_list)
    bound = 0 if static else bound
    required = max(0, positional - len(arguments.defaults) - bound)
    required += sum(default is None for default in arguments.kw_defaults)
    return required, None if arguments.vararg else max(required, positional - bound)


def _assigned(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.Assign(targets=targets):
            return [each.id for each in targets if isinstance(each, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return [name]
    return []


def _arity_of_value(ancestor: Ancestor, statement: ast.stmt) -> tuple[int, int | None]:
    match statement:
        case ast.Assign(value=ast.Name(id=name)) | ast.AnnAssign(value=ast.Name(id=name)):
            method = ancestor.method(name)
            if method is not None:
                return _arity(method)
    return 0, None


def _use(node: ast.expr) -> Use | None:
    attributes: list[str] = []
    while isinstance(node, ast.Attribute) and len(attributes) < _MAX_ATTRIBUTES:
        attributes.append(node.attr)
        node = node.value
    return (node.id, tuple(attributes[::-1])) if isinstance(node, ast.Name) else None
