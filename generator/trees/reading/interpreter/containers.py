"""Methods of lists, dictionaries, texts and tensors' sizes, and of modules of torch that hold modules.

This module does *not* call anything of the program.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.interpreter.python import items, key, shown
from generator.trees.reading.interpreter.values import Instance, Outside, bounded
from generator.trees.reading.recording.tensors import Layer, Unknown

_WALKS = frozenset({"modules", "named_modules", "parameters", "named_parameters", "buffers", "named_buffers"})
_ITSELF = frozenset(
    ["to", "train", "eval", "cuda", "cpu", "float", "half", "double", "apply", "requires_grad_", "zero_grad"]
)
_REGISTER = frozenset({"add_module", "register_module"})
_IGNORED = frozenset({"register_buffer", "register_parameter", "state_dict", "load_state_dict", "extra_repr"})
_ROWS = frozenset({"append", "extend", "insert"})
_PAIRS = frozenset({"items", "values", "keys", "update", "get"})

OF_MODULES = _WALKS | _ITSELF | _REGISTER | _IGNORED | {"children", "named_children", "forward", "__init__"}
"""Methods that every module of torch has, as far as they are read."""


def has_method(instance: Instance, name: str) -> bool:
    """Return whether a module has a method of torch's that is read."""
    more = {"ModuleDict": _PAIRS, "ModuleList": _ROWS, "Sequential": _ROWS}.get(
        instance.container, frozenset()
    )
    return instance.base.startswith("torch.nn.") and (name in OF_MODULES or name in more)


def of_module(module: Instance | Layer, name: str, args: list[Any]) -> object:
    """Return what a method of a module of torch gives, other than calls of it.

    Raises:
        NotATreeError: It is not read.
    """
    if name in _ITSELF:
        return module
    if name in _WALKS:
        return []
    if name in _IGNORED:
        return Unknown(f"{name}()")
    if isinstance(module, Layer):
        return []
    children = module.children()
    if name in _REGISTER and len(args) == 2:
        place(module, str(args[0]), args[1])
    elif name in ("children", "values"):
        return list(children.values())
    elif name in ("named_children", "items"):
        return list(children.items())
    elif name == "keys":
        return list(children)
    elif name == "get" and args:
        return children.get(args[0])
    elif name == "update" and args:
        hold(module, args[0])
    elif name in ("append", "extend") and args:
        added = items(args[0]) if name == "extend" else args
        hold(module, {str(number): each for number, each in enumerate(added, len(children))})
        return module
    elif name == "insert" and len(args) == 2:
        row = list(children.values())
        row.insert(int(args[0]), args[1])
        for old in children:
            del module.attributes[old]
        hold(module, row)
    else:
        raise NotATreeError("python", f"a module's method '{name}' is not read")
    return None


def hold(container: Instance, modules: object) -> None:
    """Give a container modules: those of a dictionary by their names, others by their numbers."""
    named = modules if isinstance(modules, dict) else dict(enumerate(items(modules)))
    for name, module in named.items():
        if not isinstance(module, Instance | Layer):
            raise NotATreeError("python", "a container of modules that holds something else")
        place(container, str(name), module)


def place(owner: Instance, name: str, value: object) -> None:
    """Bind an attribute of an object; a module is registered when it first is one."""
    is_module = isinstance(value, Instance | Layer)
    if is_module and not isinstance(owner.attributes.get(name), Instance | Layer):
        owner.attributes.pop(name, None)
    owner.attributes[name] = value
    bounded(owner.attributes)


def _extend(row: list[Any], more: object) -> None:
    row += items(more)
    bounded(row)


def _append(row: list[Any], value: object) -> None:
    row.append(value)
    bounded(row)


_LISTS: Mapping[str, Callable[..., Any]] = {
    "append": _append,
    "extend": _extend,
    "insert": lambda row, where, value: row.insert(int(where), value),
    "pop": list.pop,
    "copy": list.copy,
    "reverse": list.reverse,
    "clear": list.clear,
}
_DICTIONARIES: Mapping[str, Callable[..., Any]] = {
    "items": lambda named: list(named.items()),
    "keys": lambda named: list(named),
    "values": lambda named: list(named.values()),
    "get": lambda named, name, default=None: named.get(key(name), default),
    "pop": lambda named, name, default=None: named.pop(key(name), default),
    "setdefault": lambda named, name, default=None: named.setdefault(key(name), default),
    "update": lambda named, more=(), **others: named.update(more, **others),
    "copy": dict.copy,
}
_TEXTS: Mapping[str, Callable[..., Any]] = {
    "join": lambda text, parts: _joined(text, [shown(each) for each in items(parts)]),
    "format": lambda text, *values: _filled(text, values),
    **{name: getattr(str, name) for name in ("lower", "upper", "strip", "startswith", "endswith", "split")},
}
_TUPLES: Mapping[str, Callable[..., Any]] = {
    "numel": math.prod,
}


def _joined(text: str, parts: list[str]) -> str:
    bounded(range(sum(map(len, parts)) + len(text) * len(parts)))
    return text.join(parts)


def _filled(text: str, values: tuple[Any, ...]) -> str:
    gaps, filled = text.split("{}"), [*map(shown, values), ""]
    if len(gaps) != len(filled):
        raise NotATreeError("python", "a format that is not read")
    return _joined("", [part for pair in zip(gaps, filled, strict=True) for part in pair])


def of_value(value: Any, name: str) -> Callable[..., Any] | None:
    """Return a method of a list, a dictionary, a text or a tuple that is read, None where it is not."""
    kinds = ((dict, _DICTIONARIES), (list, _LISTS), (str, _TEXTS), (tuple, _TUPLES))
    return next((methods.get(name) for kind, methods in kinds if isinstance(value, kind)), None)


def is_kind(value: object, kind: object) -> bool:
    """Return whether a value is of a kind that is no class of the program."""
    name = kind.name if isinstance(kind, Outside) else ""
    short = name.rpartition(".")[2]
    if isinstance(value, Layer | Instance):
        base = value.name if isinstance(value, Layer) else value.base
        return base.startswith("torch.nn.") and short in (base.rpartition(".")[2], "Module")
    kinds: dict[str, tuple[type, ...]] = {
        **{"int": (int,), "float": (float,), "str": (str,), "bool": (bool,), "dict": (dict,)},
        **{"list": (list,), "tuple": (tuple,), "Number": (int, float)},
        **dict.fromkeys(("Sequence", "Iterable", "Collection"), (list, tuple, str)),
    }
    return isinstance(value, kinds.get(short, ()))
