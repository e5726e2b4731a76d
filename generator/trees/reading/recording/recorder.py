"""What modules and operations make of tensors, recorded as values of the graph.

A tensor may be seen in any shape: only where a module needs it as images or features is the reshaping
recorded, as `flatten`, or, where features become images of one pixel, as a mark that `lifted` takes away: the
modules over features in front of it are then what they are over such images.

This module does *not* know the names by which a program calls all this (`operations`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generator.trees.nodes import Module
from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.recording import layers
from generator.trees.reading.recording.graph import (
    Applied,
    Entered,
    Gated,
    Joined,
    Nesting,
    Part,
    Value,
)
from generator.trees.reading.recording.lifting import FLATTENED_PIXEL, PIXEL
from generator.trees.reading.recording.mined import Mined
from generator.trees.reading.recording.tensors import BATCH, Classes, Layer, Size, Tensor
from generator.trees.specs import Library, Shape

CLASSES = "classes"
"""Argument of a module that gives as many channels as there are classes, while a program is read."""

SCORES = "log_softmax"
"""Name of a softmax, while a program is read."""

MAX_PARTS = 256
"""Most tensors that join in one place; our choice."""

_WIDTHS = ("out_channels", "out_features")


class Recorder:
    """Records one network.

    Args:
        library: The modules that there are.
        classes: The task's classes.
        mined: Those of them that are mined, as the program uses them.
        adaptors: Lines of the program whose modules are marked as adaptors.
    """

    def __init__(self, library: Library, classes: int, mined: Mined, adaptors: frozenset[int]) -> None:
        self._library, self._classes, self._adaptors = library, classes, adaptors
        self.mined = mined
        self.nesting = Nesting()
        self._joined: dict[tuple[int, ...], Value] = {}
        self._kept: list[Value] = []

    def images(self, shape: Shape, batch: Size = BATCH) -> Tensor:
        """Return images that nothing made."""
        return _seen(Value(shape), batch)

    def apply(self, layer: Layer, tensor: Tensor) -> Tensor:
        """Return what a module makes of a tensor.

        Raises:
            NotATreeError: The library has no such module, or it cannot take the tensor.
        """
        entering = self.settle(tensor)
        mined = self.mined.module(layer, entering.shape)
        name = layer.name.rpartition(".")[2]
        if mined is not None:
            return self._applied(tensor, mined, layer)
        if name not in layers.SIGNATURES or not layer.name.startswith("torch.nn."):
            raise NotATreeError("module", f"{layer.name} is not in the library")
        module = layers.module(layer, entering.shape)
        if module.name == SCORES:
            if not entering.shape.flat:
                raise NotATreeError("module", "no module of a tree is a softmax over images")
            return _seen(_applied(entering.shape, entering, module), tensor.view[0])
        given = layers.settings(layer)
        marked = any(isinstance(given.get(width), Classes) for width in _WIDTHS)
        return self._applied(tensor, module, layer, marked=marked)

    def primitive(self, name: str, tensor: Tensor, site: object, **arguments: int | str) -> Tensor:
        """Return what a primitive makes of a tensor where no module of torch is called for it."""
        module = Module(name, tuple(arguments.items()))
        value = self.settle(tensor)
        return _seen(self._value(module, value, module, site), tensor.view[0])

    def _applied(self, tensor: Tensor, module: Module, layer: Layer, *, marked: bool = False) -> Tensor:
        if getattr(layer.site, "lineno", None) in self._adaptors:
            module = replace(module, adaptor=True)
        shown = replace(module, arguments=(*module.arguments, (CLASSES, True))) if marked else module
        value = self._value(module, self.settle(tensor), shown, layer.site)
        value.owner = layer
        if value.part.weights:
            value.part = replace(value.part, weights=(layer,))
        return _seen(value, tensor.view[0])

    def _value(self, module: Module, entering: Value, shown: Module, site: object) -> Applied:
        spec = self._library.get(module.name)
        if spec is None:
            raise NotATreeError("module", f"'{module.name}' is not in the library")
        settled = spec.settled(module, entering.shape.channels, self._classes)
        leaving = spec.infer(entering.shape, settled)
        if leaving is None:
            raise NotATreeError("shape", f"{module.name} cannot take {tuple(entering.shape)}")
        if module.name == "flatten" and entering.shape[1:] == (1, 1):
            shown = replace(shown, name=FLATTENED_PIXEL)
        weighted = spec.count is None or spec.count(entering.shape, settled) > 0
        return _applied(leaving, entering, shown, site, weights=(shown,) if weighted else ())

    def settle(self, tensor: Tensor) -> Value:
        """Return the value of a tensor as the images or features that it is seen as.

        Raises:
            NotATreeError: It is seen as neither.
        """
        shape, sizes = tensor.value.shape, tensor.sizes
        if sizes == _sizes(shape):
            return tensor.value
        if len(sizes) == 1 and not shape.flat:
            tensor.value = self._value(Module("flatten"), tensor.value, Module("flatten"), None)
        elif shape.flat and sizes == (shape.channels, 1, 1):
            pixel = Shape(shape.channels, 1, 1)
            tensor.value = _applied(pixel, tensor.value, Module(PIXEL))
        else:
            raise NotATreeError("module", f"no module of a tree takes or makes {sizes} of {tuple(shape)}")
        return tensor.value

    def enter(self, tensor: Tensor) -> Tensor:
        """Return a tensor as the input of a module of the program."""
        value = self.settle(tensor)
        return Tensor(Entered(value.shape, value), tensor.view)

    def leave(self, tensor: Tensor, inner: Tensor, result: object, owner: object, site: object) -> object:
        """Return what a module of the program gave, as one link where it can be one.

        Args:
            tensor: What it was given.
            inner: The same, as it was inside.
            result: What it returned.
            owner: The module.
            site: The call that built it.
        """
        if inner.changed:
            tensor.become(inner)
        if inner.changed or not isinstance(result, Tensor):
            return result
        value = self.settle(result)
        try:
            part = self.nesting.part(value, _entrance(inner.value))
        except NotATreeError as error:
            if error.reason == "bounds":
                raise
            return result
        outer = Applied(value.shape, self.settle(tensor), site, part, owner)
        return Tensor(outer, result.view)

    def cat(self, tensors: Sequence[Tensor], site: object) -> Tensor:
        """Return tensors joined by their channels, or features."""
        values = self._values(tensors)
        if len({value.shape[1:] for value in values}) != 1:
            raise NotATreeError("shape", "the sides of what is concatenated differ")
        for end in range(len(values), 1, -1):
            known = self._joined.get(tuple(map(id, values[:end])))
            if known is not None:
                values = [known, *values[end:]]
                break
        if len(values) == 1:
            return _seen(values[0], tensors[0].view[0])
        shape = values[0].shape._replace(channels=sum(value.shape.channels for value in values))
        joined = Joined(shape, self.nesting.meeting(values), site, way="cat", parts=tuple(values))
        # Held, so that no other value can get its number.
        self._kept += [joined, *values]
        for parts in (values, self._values(tensors)):
            self._joined[tuple(map(id, parts))] = joined
        return _seen(joined, tensors[0].view[0])

    def add(self, tensors: Sequence[Tensor], site: object) -> Tensor:
        """Return the sum of tensors."""
        values = self._values(tensors)
        if len({value.shape for value in values}) != 1:
            raise NotATreeError("shape", "the parts of a sum have other shapes")
        if len(values) == 1:
            return tensors[0]
        return _seen(
            Joined(values[0].shape, self.nesting.meeting(values), site, parts=tuple(values)),
            tensors[0].view[0],
        )

    def _values(self, tensors: Sequence[Tensor]) -> list[Value]:
        if len(tensors) > MAX_PARTS:
            raise NotATreeError("bounds", f"more than {MAX_PARTS} tensors join")
        return [self.settle(each) for each in tensors]

    def multiply(self, first: Tensor, second: Tensor, site: object) -> Tensor:
        """Return a tensor times what was made of it; which of the two that is, the graph tells."""
        one, other = self.settle(first), self.settle(second)
        fork = self.nesting.meeting((one, other))
        for gated, gate in ((one, other), (other, one)):
            if gated is fork and _broadcasts(gate.shape, gated.shape):
                return _seen(Gated(gated.shape, gated, site, gate=gate), first.view[0])
        raise NotATreeError("joined", "a product of two tensors of which neither is made of the other")


def _entrance(value: Value) -> Value:
    """Return the value through which a module's input entered it, behind what reshaped it since."""
    while not isinstance(value, Entered) and value.fork is not None:
        value = value.fork
    return value


def _seen(value: Value, batch: Size) -> Tensor:
    return Tensor(value, (batch, *_sizes(value.shape)))


def _sizes(shape: Shape) -> tuple[int, ...]:
    return (shape.channels,) if shape.flat else tuple(shape)


def _applied(
    leaving: Shape,
    entering: Value,
    module: Module,
    site: object = None,
    weights: tuple[object, ...] = (),
) -> Applied:
    return Applied(leaving, entering, site, Part((module,), weights, 1))


def _broadcasts(gate: Shape, gated: Shape) -> bool:
    narrow = (gated, gated._replace(channels=1), Shape(gated.channels, 1, 1))
    return gate in narrow and gate.flat == gated.flat
