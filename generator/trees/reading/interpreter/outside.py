"""Calls of what comes from other files: of torch, of Python and its library.

What is not known of a call gives an unknown value, unless a tensor is handed in: then the network would
depend on it. This module does *not* know the program's own functions: it is given an interpreter that does.
"""

from __future__ import annotations

import ast
from typing import Any, Protocol

from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.interpreter.containers import is_kind
from generator.trees.reading.interpreter.functions import FUNCTIONS, run
from generator.trees.reading.interpreter.python import binary, effort, items, shown, tried
from generator.trees.reading.interpreter.values import (
    CONTAINERS,
    Class,
    Function,
    Instance,
    Outside,
    Partial,
    Super,
)
from generator.trees.reading.recording.operations import blank, operate, total
from generator.trees.reading.recording.recorder import Recorder
from generator.trees.reading.recording.tensors import Layer, Tensor, Unknown

_BLANK = frozenset({"zeros", "ones", "rand", "randn", "empty"})


class Caller(Protocol):
    """Who interprets the program.

    Attributes:
        recorder: Where the network is recorded.
    """

    recorder: Recorder

    def attribute(self, owner: Any, name: str) -> object:
        """Return an attribute of a value."""
        ...

    def set_attribute(self, owner: Any, name: str, value: object) -> None:
        """Bind an attribute of a value."""
        ...

    def call(self, callee: Any, args: list[Any], kwargs: dict[str, Any], site: ast.AST) -> object:
        """Return what a call gives."""
        ...

    def start(self, made: Instance, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Do what the constructor of an object's base does."""
        ...

    def step(self, node: ast.AST | None = None, count: int = 1) -> None:
        """Count steps."""
        ...


def called(caller: Caller, name: str, args: list[Any], kwargs: dict[str, Any], site: ast.AST) -> object:
    """Return what a call of a thing of another file gives, by its full name.

    Raises:
        NotATreeError: It is not read, and a tensor depends on it.
    """
    caller.step(site, effort([*args, *kwargs.values()]))
    if name in caller.recorder.mined:
        return Layer(name, tuple(args), kwargs, site)
    package, _, short = name.rpartition(".")
    if package == "builtins" and short in _ASKING:
        return tried(_ASKING[short], caller, args, kwargs, site)
    known = short if package == "builtins" else name
    if known in FUNCTIONS:
        return run(known, args, kwargs)
    if package.startswith("torch.nn.modules"):
        package = "torch.nn"
    if short == "__init__" and args and isinstance(args[0], Instance):
        caller.start(args[0], args[1:], kwargs)
        return None
    if package == "torch.nn" and (short in CONTAINERS or short == "Module"):
        made = Instance(None, f"torch.nn.{short}", site)
        caller.start(made, args, kwargs)
        return made
    if package == "torch.nn" and short[:1].isupper() and short != "Parameter":
        return Layer(f"torch.nn.{short}", tuple(args), kwargs, site)
    if package in ("torch", "torch.nn.functional") and _has_tensor([*args, *kwargs.values()]):
        return operate(caller.recorder, short, args, kwargs, site)
    if package == "torch" and short in _BLANK:
        return blank(caller.recorder, args)
    if name == "functools.partial" and args:
        return Partial(args[0], tuple(args[1:]), kwargs)
    if name == "copy.deepcopy" and len(args) == 1:
        return _copied(caller, args[0], {})
    if _has_tensor([*args, *kwargs.values()]):
        raise NotATreeError("module", f"{name} is not in the library")
    return Unknown(f"{name}()")


def _has_tensor(values: list[Any]) -> bool:
    rows = [value if isinstance(value, list | tuple) else [value] for value in values]
    return any(isinstance(each, Tensor) for row in rows for each in row)


def _copied(caller: Caller, value: Any, done: dict[int, Any]) -> Any:
    """Return a copy of a module, whose weights are its own."""
    caller.step()
    if id(value) in done:
        return done[id(value)]
    if isinstance(value, Layer):
        done[id(value)] = Layer(value.name, value.args, value.kwargs, value.site)
    elif isinstance(value, Instance):
        made = done[id(value)] = Instance(value.kind, value.base, value.site, {}, None)
        made.layer = _copied(caller, value.layer, done)
        made.attributes |= {name: _copied(caller, each, done) for name, each in value.attributes.items()}
    elif isinstance(value, list | tuple):
        return type(value)([_copied(caller, each, done) for each in value])
    elif isinstance(value, dict):
        return {name: _copied(caller, each, done) for name, each in value.items()}
    return done.get(id(value), value)


def _getattr(caller: Caller, args: list[Any], _: dict[str, Any], __: ast.AST) -> object:
    owner, name = args[0], shown(args[1])
    if len(args) > 2 and not _found(caller, owner, name):
        return args[2]
    return caller.attribute(owner, name)


def _found(caller: Caller, owner: Any, name: str) -> bool:
    try:
        caller.attribute(owner, name)
    except NotATreeError as error:
        if error.reason == "bounds":
            raise
        return False
    return True


def _hasattr(caller: Caller, args: list[Any], _: dict[str, Any], __: ast.AST) -> object:
    if isinstance(args[0], Unknown):
        return Unknown(f"whether {args[0].what} has an attribute")
    return _found(caller, args[0], shown(args[1]))


def _setattr(caller: Caller, args: list[Any], _: dict[str, Any], __: ast.AST) -> None:
    caller.set_attribute(args[0], shown(args[1]), args[2])


def _isinstance(_: Caller, args: list[Any], __: dict[str, Any], ___: ast.AST) -> object:
    value, kinds = args[0], args[1] if isinstance(args[1], tuple) else (args[1],)
    if isinstance(value, Unknown):
        return Unknown(f"the kind of {value.what}")
    of_torch = [kind.name for kind in kinds if isinstance(kind, Outside)]
    if isinstance(value, Tensor):
        return "torch.Tensor" in of_torch
    classes = value.kind.ancestry if isinstance(value, Instance) and value.kind else []
    return any(kind in classes if isinstance(kind, Class) else is_kind(value, kind) for kind in kinds)


def _super(_: Caller, args: list[Any], __: dict[str, Any], ___: ast.AST) -> object:
    if len(args) == 2 and isinstance(args[0], Class) and isinstance(args[1], Instance):
        return Super(args[1], args[0])
    raise NotATreeError("python", "a super() that is not read")


def _map(caller: Caller, args: list[Any], _: dict[str, Any], site: ast.AST) -> object:
    return [caller.call(args[0], [each], {}, site) for each in items(args[1])]


def _sum(caller: Caller, args: list[Any], _: dict[str, Any], site: ast.AST) -> object:
    values = items(args[0])
    if any(isinstance(value, Tensor) for value in values):
        return total(caller.recorder, values, site)
    result: Any = args[1] if len(args) > 1 else 0
    for value in values:
        result = binary(ast.Add(), result, value)
    return result


def _next(_: Caller, args: list[Any], __: dict[str, Any], ___: ast.AST) -> object:
    values = items(args[0])
    return values[0] if values else Unknown("the next of nothing")


_ASKING = {
    "getattr": _getattr,
    "hasattr": _hasattr,
    "setattr": _setattr,
    "isinstance": _isinstance,
    "super": _super,
    "map": _map,
    "sum": _sum,
    "next": _next,
    "print": lambda *_: None,
    "callable": lambda _, args, *__: isinstance(args[0], Function | Class | Layer | Instance),
}
"""Functions of Python that ask for values of the program, or call its functions."""
