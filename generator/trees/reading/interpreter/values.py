"""What the names of a program stand for while it is read, and the bounds on reading it.

Numbers, strings, lists and the like stand for themselves; modules of torch and tensors are described in
`recording.tensors`. What no tree depends on, such as a device, a loss or an optimizer, is `Unknown`, and
stays so whatever is done with it. This module does *not* interpret anything.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.recording.tensors import MAX_NUMBER, Layer, Unknown

MAX_STEPS = 40_000
"""Steps for one program: expressions and statements that are evaluated. The networks of our tests take at
most a tenth. Our choice, as are the other bounds."""

MODULE_STEPS = 10
"""Steps that a call of a module counts as."""

ITEMS_A_STEP = 10
"""Items that a function of Python may run through for each step that it counts as."""

MAX_BASES = 100
"""Classes that a class derives from, those of its bases included."""

MAX_CALLS = 40
"""Calls of functions and modules within each other."""

MAX_ITEMS = 10_000
"""Items of a list, characters of a string."""


class Hyperparameters:
    """The argument `prm`: rates of dropout have a default, the other values are not known."""

    DROPOUT = 0.2
    """The rate of dropout where a program takes it from `prm`; our choice."""

    def value(self, name: object, default: object = None) -> object:
        """Return a hyperparameter."""
        if default is not None:
            return default
        return (
            self.DROPOUT if isinstance(name, str) and "drop" in name.lower() else Unknown("a hyperparameter")
        )


@dataclass(eq=False)
class Scope:
    """The names of a module, a function's call or a comprehension.

    Attributes:
        names: What is bound here.
        outer: Where else to look.
        owner: The class whose method runs here.
        receiver: The object whose method runs here.
    """

    names: dict[str, object] = field(default_factory=dict)
    outer: Scope | None = None
    owner: Class | None = None
    receiver: object = None

    def find(self, name: str) -> Scope | None:
        """Return the scope in which a name is bound."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.outer
        return scope


@dataclass(eq=False)
class Outside:
    """A thing of another file, by its full dotted name; those of Python itself are in `builtins`."""

    name: str


@dataclass(eq=False)
class Function:
    """A function of the program.

    Attributes:
        name: Its name.
        arguments: What it takes.
        defaults: Values of the last arguments by place, and of those by name.
        body: Its statements, or a lambda's expression.
        scope: Where it was defined.
        owner: The class that it is a method of.
        kind: `property`, `staticmethod` or `classmethod` where it is decorated so.
    """

    name: str
    arguments: ast.arguments
    defaults: tuple[tuple[object, ...], Mapping[str, object]]
    body: list[ast.stmt] | ast.expr
    scope: Scope
    owner: Class | None = None
    kind: str = ""


@dataclass(eq=False)
class Class:
    """A class of the program: its name, what it derives from, what its body binds, its statement."""

    name: str
    bases: tuple[object, ...]
    members: dict[str, object]
    node: ast.ClassDef
    ancestry: list[Class | Outside] = field(default_factory=list)
    """The class and its bases, each before its own bases."""

    def __post_init__(self) -> None:
        found: list[Class | Outside] = [self]
        for base in self.bases:
            found += base.ancestry if isinstance(base, Class) else []
            found += [base] if isinstance(base, Outside) else []
        self.ancestry = list(dict.fromkeys(found))
        if len(self.ancestry) > MAX_BASES:
            raise NotATreeError("bounds", f"more than {MAX_BASES} bases")


@dataclass(eq=False)
class Instance:
    """An object of a class of the program, or a container of torch.

    Attributes:
        kind: Its class, None where it is a container.
        base: The first class of another file that it derives from: `torch.nn.Sequential`; empty for none.
        site: The call that builds it.
        attributes: What it holds, modules among them in the order of their registration.
        layer: What it does itself, where `base` is neither a container nor `torch.nn.Module`.
    """

    kind: Class | None
    base: str
    site: ast.AST
    attributes: dict[str, object] = field(default_factory=dict)
    layer: Layer | None = None

    @property
    def container(self) -> str:
        """Which container it is, `Sequential`; empty if it is none."""
        name = self.base.rpartition(".")[2]
        return name if name in CONTAINERS else ""

    def children(self) -> dict[str, object]:
        """Return the modules that it holds."""
        return {name: each for name, each in self.attributes.items() if isinstance(each, Instance | Layer)}


CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})


@dataclass(eq=False)
class Bound:
    """A function together with its first argument."""

    function: Function
    receiver: object


@dataclass(eq=False)
class Method:
    """A method that is not the program's: of a list, a string, a tensor, a module."""

    receiver: Any
    name: str


@dataclass(eq=False)
class Super:
    """What `super()` gives: an object, seen from behind one of its classes."""

    receiver: Instance
    behind: Class | None


@dataclass(eq=False)
class Partial:
    """What `functools.partial` gives."""

    callee: object
    args: tuple[object, ...]
    kwargs: dict[str, Any]


def bounded(value: Any) -> Any:
    """Return a value that Python made of values of the program.

    Raises:
        NotATreeError: It is too large.
    """
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        raise NotATreeError("bounds", "a number is too large")
    if isinstance(value, str | list | tuple | dict | range | set) and len(value) > MAX_ITEMS:
        raise NotATreeError("bounds", f"more than {MAX_ITEMS} items")
    return value
