"""Classes and objects of a program that is read: their attributes, and what a call of anything gives.

A module of the program that is given one tensor is run on it as a part of its own, so that the classes of a
program tell how its network is nested. Walks over all modules find none: they set initial values, of which a
tree knows nothing. This module does *not* know what an operation on tensors does.
"""

from __future__ import annotations

import ast
import math
from typing import Any

from generator.trees.reading.errors import NotATreeError
from generator.trees.reading.interpreter.containers import has_method, hold, of_module, of_value, place
from generator.trees.reading.interpreter.outside import called
from generator.trees.reading.interpreter.python import effort, tried
from generator.trees.reading.interpreter.statements import Statements
from generator.trees.reading.interpreter.values import (
    MODULE_STEPS,
    Bound,
    Class,
    Function,
    Hyperparameters,
    Instance,
    Method,
    Outside,
    Partial,
    Super,
)
from generator.trees.reading.recording import layers
from generator.trees.reading.recording.operations import operate
from generator.trees.reading.recording.tensors import Layer, Tensor, Unknown

_PAIRS = frozenset({"kernel_size", "stride", "padding", "dilation"})


class Interpreter(Statements):
    """Reads programs."""

    def attribute(self, owner: Any, name: str) -> object:
        """Return an attribute of a value.

        Raises:
            NotATreeError: It has none, or it is not read.
        """
        if isinstance(owner, Instance):
            return self._of_instance(owner, name)
        if isinstance(owner, Outside):
            return math.pi if (owner.name, name) == ("math", "pi") else Outside(f"{owner.name}.{name}")
        if isinstance(owner, Tensor):
            return _of_tensor(owner, name)
        if isinstance(owner, Unknown):
            return Unknown(f"{owner.what}.{name}")
        if isinstance(owner, Class | Function) and name in ("__name__", "__qualname__"):
            return owner.name
        if isinstance(owner, Class):
            return self._member(owner, name, owner.ancestry, None)
        if isinstance(owner, Layer):
            return _of_layer(owner, name)
        if isinstance(owner, Super):
            return self._behind(owner, name)
        if isinstance(owner, Hyperparameters) or of_value(owner, name) is not None:
            return Method(owner, name)
        raise NotATreeError("python", f"the attribute '{name}' is not read")

    def _of_instance(self, owner: Instance, name: str) -> object:
        if name in owner.attributes:
            return owner.attributes[name]
        if owner.kind is not None:
            found = self._member(owner.kind, name, owner.kind.ancestry, owner)
            if not isinstance(found, Outside):
                return found
        if name == "training" and owner.base:
            return Unknown("whether it is being trained")
        if name in ("__class__", "__dict__"):
            return owner.kind if name == "__class__" else owner.attributes
        if has_method(owner, name):
            return Method(owner, name)
        raise NotATreeError("python", f"an object has no attribute '{name}' that is read")

    def _member(
        self, kind: Class, name: str, ancestry: list[Class | Outside], receiver: Instance | None
    ) -> object:
        """Return what a class or one of its bases binds, `Outside` where none of the program's does."""
        for each in ancestry:
            if isinstance(each, Class) and name in each.members:
                return self._seen(each.members[name], receiver, kind)
        base = next((each.name for each in ancestry if isinstance(each, Outside)), "")
        if receiver is None and not base:
            raise NotATreeError("python", f"{kind.name} has no attribute '{name}'")
        return Outside(f"{base}.{name}")

    def _seen(self, member: object, receiver: Instance | None, kind: Class) -> object:
        """Return a member of a class as its object has it."""
        if not isinstance(member, Function) or member.kind == "staticmethod":
            return member
        if member.kind == "classmethod":
            return Bound(member, kind)
        if receiver is None:
            return member
        if member.kind == "property":
            return self.call_function(member, [receiver], {})
        return Bound(member, receiver)

    def _behind(self, owner: Super, name: str) -> object:
        kind = owner.receiver.kind
        ancestry = kind.ancestry if kind is not None else []
        if kind is None or owner.behind not in ancestry:
            raise NotATreeError("python", "a super() that is not read")
        found = self._member(kind, name, ancestry[ancestry.index(owner.behind) + 1 :], owner.receiver)
        return Method(owner, name) if isinstance(found, Outside) else found

    def set_attribute(self, owner: Any, name: str, value: object) -> None:
        """Bind an attribute of a value."""
        if isinstance(owner, Instance):
            place(owner, name, value)
        elif isinstance(owner, Class):
            owner.members[name] = value
        elif not isinstance(owner, Unknown):
            raise NotATreeError("python", f"an assignment to '{name}' that is not read")

    def item(self, owner: object, index: object) -> object:
        """Return what stands under an index."""
        if isinstance(owner, Hyperparameters):
            return owner.value(index)
        found = super().item(owner, index)
        if isinstance(owner, Instance) and isinstance(found, list):
            part = Instance(None, owner.base, owner.site)
            hold(part, found)
            return part
        return found

    def call(self, callee: Any, args: list[Any], kwargs: dict[str, Any], site: ast.AST) -> object:
        """Return what a call gives.

        Raises:
            NotATreeError: What is called is not known, and the result of it matters.
        """
        self.step(site)
        if isinstance(callee, Function):
            return self.call_function(callee, args, kwargs)
        if isinstance(callee, Bound):
            return self.call_function(callee.function, [callee.receiver, *args], kwargs)
        if isinstance(callee, Class):
            return self._made(callee, args, kwargs, site)
        if isinstance(callee, Instance):
            self.step(site, MODULE_STEPS)
            return self._forward(callee, args, kwargs, site)
        if isinstance(callee, Layer):
            if len(args) == 1 and isinstance(args[0], Tensor) and not kwargs:
                self.step(site, MODULE_STEPS)
                return self._applied(callee, args[0])
            raise NotATreeError("module", f"{callee.name} is given other things than one tensor")
        if isinstance(callee, Partial):
            return self.call(callee.callee, [*callee.args, *args], callee.kwargs | kwargs, site)
        if isinstance(callee, Method):
            return self._method(callee, args, kwargs, site)
        if isinstance(callee, Outside):
            return called(self, callee.name, args, kwargs, site)
        what = callee.what if isinstance(callee, Unknown) else "a value"
        if not isinstance(callee, Unknown) or any(isinstance(each, Tensor) for each in args):
            raise NotATreeError("module", f"{what} is called, and nothing is known of it")
        return Unknown(f"{what}()")

    def _made(self, kind: Class, args: list[Any], kwargs: dict[str, Any], site: ast.AST) -> object:
        """Return an object of a class of the program."""
        outside = [each.name for each in kind.ancestry if isinstance(each, Outside)]
        base = next((name for name in outside if name != "builtins.object"), "")
        made = Instance(kind, base.replace(".modules", ""), site)
        start = self._member(kind, "__init__", kind.ancestry, made)
        if isinstance(start, Outside):
            self.start(made, args, kwargs)
        else:
            self.call(start, args, kwargs, site)
        return made

    def start(self, made: Instance, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Do what the constructor of an object's base does, which is a class of torch or none."""
        if made.container:
            named = args[0] if len(args) == 1 and not isinstance(args[0], Layer | Instance) else args
            hold(made, named if made.container != "Sequential" or isinstance(named, dict) else args)
        elif made.base.startswith("torch.nn.") and made.base != "torch.nn.Module":
            made.layer = Layer(made.base, tuple(args), kwargs, made.site)

    def _method(self, method: Method, args: list[Any], kwargs: dict[str, Any], site: ast.AST) -> object:
        owner, name = method.receiver, method.name
        if isinstance(owner, Tensor):
            if name in ("size", "dim", "numel", "item"):
                return _measured(owner, name, args, kwargs)
            return operate(self.recorder, name, [owner, *args], kwargs, site)
        if isinstance(owner, Hyperparameters):
            return tried(owner.value, *args)
        if isinstance(owner, Super) and name == "__init__":
            self.start(owner.receiver, args, kwargs)
            return None
        if isinstance(owner, Super):
            owner = owner.receiver
            if name == "forward" and len(args) == 1:
                return self._base_forward(owner, args[0], site)
        if name == "forward":
            return self.call(owner, args, kwargs, site)
        if isinstance(owner, Instance | Layer):
            self.step(site, effort([owner, *args]))
            return tried(of_module, owner, name, args)
        self.step(site, effort([owner, *args]))
        return tried(of_value(owner, name), owner, *args, **kwargs)

    def _forward(self, module: Instance, args: list[Any], kwargs: dict[str, Any], site: ast.AST) -> object:
        """Return what a module of the program makes of what it is given."""
        if len(args) != 1 or not isinstance(args[0], Tensor) or kwargs:
            return self.inside(module, args, kwargs, site)
        tensor = args[0]
        inner = self.recorder.enter(tensor)
        result = self.inside(module, [inner], {}, site)
        return self.recorder.leave(tensor, inner, result, module, module.site)

    def inside(self, module: Instance, args: list[Any], kwargs: dict[str, Any], site: ast.AST) -> object:
        """Return what `forward` of a module gives: the program's, or that of its base."""
        own: object = Outside("")
        if module.kind is not None:
            name = "forward" if module.base else "__call__"
            own = self._member(module.kind, name, module.kind.ancestry, module)
        if not isinstance(own, Outside):
            return self.call(own, args, kwargs, site)
        if len(args) != 1 or kwargs:
            raise NotATreeError("module", "a module of torch is given other things than one tensor")
        return self._base_forward(module, args[0], site)

    def _base_forward(self, module: Instance, value: Any, site: ast.AST) -> object:
        """Return what the class of torch that a module derives from makes of a value."""
        if module.container == "Sequential":
            for child in module.children().values():
                value = self.call(child, [value], {}, site)
            return value
        if module.layer is None or not isinstance(value, Tensor):
            raise NotATreeError("module", f"{module.base or 'an object'} cannot be called")
        return self._applied(module.layer, value)

    def _applied(self, layer: Layer, tensor: Tensor) -> Tensor:
        if layer.name == "torch.nn.Identity":
            return tensor
        result = self.recorder.apply(layer, tensor)
        signature = layers.SIGNATURES.get(layer.name.rpartition(".")[2], {})
        if "inplace" in signature and layers.settings(layer)["inplace"]:
            return tensor.become(result)
        return result


def _of_tensor(tensor: Tensor, name: str) -> object:
    if name == "shape":
        return tensor.view
    if name == "ndim":
        return len(tensor.view)
    if name in ("device", "dtype", "is_cuda", "requires_grad"):
        return Unknown(f"the {name} of a tensor")
    return tensor if name == "data" else Method(tensor, name)


def _measured(tensor: Tensor, name: str, args: list[Any], kwargs: dict[str, Any]) -> object:
    """Return what `size`, `dim`, `numel` or `item` of a tensor gives."""
    side = args[0] if args else kwargs.get("dim")
    if name == "size" and side is not None:
        if type(side) is not int or not -len(tensor.view) <= side < len(tensor.view):
            raise NotATreeError("python", "a tensor has no such side")
        return tensor.view[side]
    if name == "size":
        return tensor.view
    if name == "dim":
        return len(tensor.view)
    known = [size for size in tensor.view if isinstance(size, int)]
    return math.prod(known) if name == "numel" and len(known) == len(tensor.view) else Unknown(f"{name}()")


def _of_layer(layer: Layer, name: str) -> object:
    kind = layer.name.rpartition(".")[2]
    if name in layers.SIGNATURES.get(kind, ()) and name not in ("bias", "inplace"):
        value = layers.settings(layer)[name]
        return (value, value) if name in _PAIRS and isinstance(value, int) else value
    if has_method(Instance(None, "torch.nn.Module", layer.site), name):
        return Method(layer, name)
    return Unknown(f"{name} of {layer.name}")
