"""What a tree must know of a module: how it is called, what may be chosen, how channels and sides follow.

A library holds primitives, which are ours and come with torch (`generator.trees.primitives`), and mined
modules, whose behaviour was probed in the sandbox. This module does *not* mine, probe or run any of them.

A width is a number of channels, or a word: `same`, `x4`, `/2` of as many channels as enter the innermost
residual, branches, gate or repeat around the module (else its stage). So a block follows what enters it, and
squeeze-and-excitation is `gate(pool(1) conv(/4, kernel=1) relu conv(same, kernel=1) sigmoid)`.

`infer`, `count` and `write` of a spec are given a *settled* module: every argument of the spec is set, and a
width is a number. A module of the role `classifier` has, moreover, the argument `classes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from generator.trees.nodes import Module, Value


class Shape(NamedTuple):
    """What flows between modules, the batch aside: `(channels, height, width)`, or features alone.

    Attributes:
        channels: Channels of images, or the number of features.
        height: Pixels; 0 where there are features alone.
        width: Pixels; 0 likewise.
    """

    channels: int
    height: int = 0
    width: int = 0

    @property
    def flat(self) -> bool:
        """Whether these are features without a place: `(B, C)`."""
        return self.height == 0


Role = Literal[
    "convolution",
    "normalisation",
    "activation",
    "pooling",
    "regularisation",
    "attention",
    "block",
    "reduction",
    "linear",
    "classifier",
]
"""What a module is there for. Swaps stay within a role; a `reduction` leads from images to features, and
`linear` works on features alone."""

WIDTH_WORDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"same": (1, 1)}
    | {f"x{factor}": (factor, 1) for factor in (2, 3, 4, 6)}
    | {f"/{divisor}": (1, divisor) for divisor in (2, 4, 8, 16)}
)
"""The words for widths, as (factor, divisor). Of words for one width the first is in use. The list is our
choice: expansions of bottlenecks, reductions of squeeze-and-excitation."""

MAX_WIDTH = 4096
"""Most channels or features; the published networks have fewer, but for VGG's head, which has as many."""


def width_number(width: Value, base: int) -> int | None:
    """Return a width as a number, where `base` channels enter what it refers to; None where it is none."""
    if isinstance(width, str) and width in WIDTH_WORDS:
        factor, divisor = WIDTH_WORDS[width]
        width = base if factor == divisor else max(base * factor // divisor, 1)
    fits = isinstance(width, int) and not isinstance(width, bool) and 1 <= width <= MAX_WIDTH
    return width if fits and isinstance(width, int) else None


def width_word(width: int, base: int) -> str | int:
    """Return the first word for a width, the width itself where there is none."""
    return next((word for word in WIDTH_WORDS if width_number(word, base) == width), width)


_REMEMBERED = 1 << 15

Infer = Callable[[Shape, Module], Shape | None]
"""Returns the shape that leaves a module, None where the module cannot take what enters."""

Count = Callable[[Shape, Module], int]
"""Returns the trainable parameters of a module for what enters it."""

Write = Callable[[Shape, Module], str]
"""Returns the expression that builds a module for what enters it: `nn.Conv2d(16, 32, 3, padding=1)`."""


@dataclass(frozen=True)
class ModuleSpec:
    """One kind of module.

    Attributes:
        name: Its name in trees.
        role: What it is there for.
        choices: What each argument is offered to be set to, its default first. Of a primitive other values
            of that type are legal too where `infer` takes them, since people write them; of a mined module
            only these were probed. Widths are not listed: see `width`.
        width: The argument that sets how many channels leave, None where they follow. Where it is not set
            it is `same`.
        infer: How shapes follow.
        count: How many parameters it has; None where only a probe of the whole program can tell.
        write: How it is built.
        text: What a program must hold so that it can be built, as a self-contained module; empty for what
            comes with torch. It defines the class under the name that `write` calls.
        origin: Where it comes from: `torch`, `timm 1.0.22`.
        licence: Its licence.
        primitive: Whether it is one of our own primitives.
    """

    name: str
    role: Role
    infer: Infer
    write: Write
    choices: Mapping[str, tuple[Value, ...]] = field(default_factory=lambda: MappingProxyType({}))
    width: str | None = None
    count: Count | None = None
    text: str = ""
    origin: str = "torch"
    licence: str = "BSD-3-Clause"
    primitive: bool = True

    def argument(self, module: Module, name: str) -> Value:
        """Return what an argument of a module is set to: its choice, else its default."""
        return module.get(name, self.choices[name][0] if name in self.choices else None)

    def settled(self, module: Module, base: int, classes: int) -> Module:
        """Return a module with every argument set and its width as a number, for `infer` and the others.

        Args:
            module: A module of this kind.
            base: The channels that words for widths refer to.
            classes: The task's classes.
        """
        values = {name: self.argument(module, name) for name in self.choices}
        if self.width is not None:
            values = {self.width: width_number(module.get(self.width, "same"), base)} | values
        if self.role == "classifier":
            values["classes"] = classes
        return Module(module.name, tuple(values.items()), module.adaptor)

    def flaw(self, module: Module, settled: Module) -> str:
        """Return what is wrong with the arguments of a module, empty where nothing is."""
        given = dict(module.arguments)
        unknown = [name for name in given if name not in self.choices and name != self.width]
        if unknown or len(given) < len(module.arguments):
            return f"no argument '{unknown[0]}'" if unknown else "an argument is given twice"
        if self.width is not None and settled.get(self.width) is None:
            return f"no width {given.get(self.width)!r}"
        wrong = [name for name in given if name in self.choices and not self._may_be(name, given[name])]
        return f"{wrong[0]} cannot be {given[wrong[0]]!r}" if wrong else ""

    def _may_be(self, name: str, value: Value) -> bool:
        choices = self.choices[name]
        if self.primitive:
            return type(value) is type(choices[0])
        return any(type(value) is type(choice) and value == choice for choice in choices)


class Settled(NamedTuple):
    """A module with every argument set, and what is wrong with its arguments: nothing if it is empty."""

    module: Module
    flaw: str


class Flow(NamedTuple):
    """What a settled module makes of what enters it.

    Attributes:
        leaving: What leaves it, None where it cannot take that.
        parameters: Its trainable parameters; None where it has no formula, or cannot take that.
    """

    leaving: Shape | None
    parameters: int | None


class Library(Mapping[str, ModuleSpec]):
    """The modules that trees may be made of, by their names, in a fixed order.

    What it was asked of modules is remembered: edits ask the same of the same few modules again and again.
    """

    def __init__(self, specs: Iterable[ModuleSpec]) -> None:
        """Hold specs; of two with one name the later counts."""
        self._specs = {spec.name: spec for spec in specs}
        self._settle = lru_cache(_REMEMBERED)(self._settled)
        self.flow: Callable[[Module, Shape], Flow] = lru_cache(_REMEMBERED)(self._flow)

    def settled(self, module: Module, base: int, classes: int) -> Settled:
        """Return a module of this library settled, as its spec does."""
        # True and 1 are equal, and yet not the same argument.
        types = tuple(type(value) for _, value in module.arguments)
        return self._settle(module, types, base, classes)

    def _settled(self, module: Module, _types: tuple[type, ...], base: int, classes: int) -> Settled:
        spec = self[module.name]
        settled = spec.settled(module, base, classes)
        return Settled(settled, spec.flaw(module, settled))

    def _flow(self, settled: Module, entering: Shape) -> Flow:
        """Return what a settled module without a flaw makes of what enters it."""
        spec = self[settled.name]
        leaving = spec.infer(entering, settled)
        if leaving is None or spec.count is None:
            return Flow(leaving, None)
        return Flow(leaving, spec.count(entering, settled))

    def __getitem__(self, name: str) -> ModuleSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def of_role(self, role: Role) -> list[ModuleSpec]:
        """Return the specs of a role, in the library's order."""
        return [spec for spec in self._specs.values() if spec.role == role]
