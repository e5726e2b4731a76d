"""How a program uses the training images: how often it learns from them, and what it holds of them at last.

Passes are counted where images go forward with gradients on, by one hook that sees every module: evaluating
in between counts for nothing, switching to evaluation mode for training does not help. The network counts by
images, and each of its parts with parameters by how often it is called and how much it is given, both in
proportion to one image of the checked forward pass; the part that was used most decides. So a training that
calls the parts one by one is counted, and one that trains the head alone on features that it kept.

What is held are the tensors, arrays and byte strings of the process that were not there before training, or
not with this content, whoever refers to them: a module, a closure, a global. Weights, optimisers' states and
copies of either do not count, nor do a few tensors as large as a batch, such as activations left to look at.

This module does *not* judge, and a program that wants to deceive it can: it runs in the program's process.
"""

from __future__ import annotations

import gc
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from evaluator.channel.plan import Plan

_COPIES = 10
"""Tensors of one shape that do not count, where the shape is that of a parameter or of a batch: a gradient,
the moments of an optimiser, averages, the best weights so far; the activations of the last few batches."""

_BYTES = (bytes, bytearray, array)
_UNTRACKED = (dict, tuple, np.ndarray, *_BYTES)

Forward = Callable[[nn.Module, Tensor], Any]


class _Use(NamedTuple):
    """What a module was given: numbers, and in how many calls."""

    elements: float = 0.0
    calls: int = 0


class _Held(NamedTuple):
    """A piece of memory that something refers to.

    Attributes:
        address: Where it begins.
        memory: Its bytes.
        shape: That of the tensor or array that shows all of it; empty if none does.
        computed: Whether autograd knows where it comes from.
    """

    address: int
    memory: Any
    shape: tuple[int, ...] = ()
    computed: bool = False

    @property
    def digest(self) -> int:
        return zlib.crc32(self.memory)


class DataUse:
    """Watches the training of one network. A context manager: inside its `with` block, passes are counted.

    Args:
        plan: The protocol.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan, self._batch_size = plan, plan.config.batch_size
        self._net: nn.Module | None = None
        self._once: dict[int, _Use] = {}  # by the id of a module
        self._trained: dict[int, _Use] = {}
        self._rows = 0
        self._before: dict[int, int] = {}

    def checking(self, forward: Forward) -> Forward:
        """Return `forward`, made to note what each module is given for one image. Nothing else changes."""

        def noted(net: nn.Module, images: Tensor) -> Any:
            seen: dict[int, _Use] = {}
            with register_module_forward_pre_hook(lambda module, inputs: _note(seen, module, inputs)):
                scores = forward(net, images)
            self._net = net
            own = [id(each) for each in net.modules() if next(each.parameters(), None) is not None]
            self._once = {
                key: _Use(seen[key].elements / len(images), seen[key].calls) for key in own if key in seen
            }
            return scores

        return noted

    def __enter__(self) -> Self:
        self._before = {each.address: each.digest for each in _held(_objects())}
        self._handle = register_module_forward_pre_hook(self._on_forward)
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.remove()

    @property
    def passes(self) -> float:
        """How often the network, or the part of it that was used most, has learnt from the images."""
        parts = [
            min(used.elements / once.elements, used.calls / once.calls * self._batch_size)
            for key, once in self._once.items()
            if once.elements and (used := self._trained.get(key)) is not None
        ]
        return max([float(self._rows), *parts]) / max(1, self._plan.drawn_images)

    def kept_bytes(self) -> int:
        """Return the bytes that the process holds beyond what it held before training, weights aside."""
        gc.collect()
        objects = _objects()
        weights = _weights(self._net)
        excused = {_address(each) for each in (*weights, *_gradients(weights), *_states(objects))}
        room = Counter(tuple(each.shape) for each in weights for _ in range(_COPIES))
        kept = 0
        for each in _held(objects):
            if each.address in excused or self._before.get(each.address) == each.digest:
                continue
            if self._is_of_a_batch(each):
                room.setdefault(each.shape, _COPIES)
            if room[each.shape] > 0:
                room[each.shape] -= 1
            else:
                kept += len(each.memory)
        return kept

    def _is_of_a_batch(self, held: _Held) -> bool:
        """Whether it may be a batch, or activations of one: windows of images have rows of their own."""
        rows = held.shape[0] if held.shape else self._plan.train_images
        last = self._plan.train_images % self._batch_size
        return rows in (self._batch_size, last) or (held.computed and 2 * rows < self._plan.train_images)

    def _on_forward(self, module: nn.Module, inputs: tuple[object, ...]) -> None:
        if not torch.is_grad_enabled():
            return
        if id(module) in self._once:
            _note(self._trained, module, inputs)
        if module is self._net and inputs and isinstance(inputs[0], Tensor) and inputs[0].dim():
            self._rows += inputs[0].shape[0]

    # A program may compile its network: the counting is no part of what is compiled.
    _on_forward._torchdynamo_disable = True  # type: ignore[attr-defined]


def _note(seen: dict[int, _Use], module: nn.Module, inputs: tuple[object, ...]) -> None:
    """Add one call to what a module has been given."""
    use = seen.get(id(module), _Use())
    elements = sum(each.numel() for each in inputs if isinstance(each, Tensor))
    seen[id(module)] = _Use(use.elements + elements, use.calls + 1)


def _weights(net: nn.Module | None) -> list[Tensor]:
    """Return the trainable parameters, which are counted and capped elsewhere."""
    lazy = nn.parameter.UninitializedParameter
    parameters = () if net is None else net.parameters()
    return [each for each in parameters if each.requires_grad and not isinstance(each, lazy)]


def _gradients(weights: Iterable[Tensor]) -> Iterator[Tensor]:
    yield from (each.grad for each in weights if each.grad is not None)


def _states(objects: Iterable[Any]) -> Iterator[Tensor]:
    """Yield what optimisers note of their parameters."""
    waiting = [each.state for each in objects if issubclass(type(each), torch.optim.Optimizer)]
    while waiting:
        value: object = waiting.pop()
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)


def _objects() -> list[object]:
    """Return the objects made since the fork; those of before are frozen, and so unknown to the collector.

    Nor does it know arrays and byte strings, or dicts and tuples of nothing but such: they are reached from
    what it knows.
    """
    found = layer = gc.get_objects()
    seen: set[int] = set()
    while layer:
        hidden = {
            id(each): each
            for each in gc.get_referents(*layer)
            if issubclass(type(each), _UNTRACKED) and not gc.is_tracked(each)
        }
        layer = [each for key, each in hidden.items() if key not in seen]
        seen.update(hidden)
        found = found + layer
    return found


def _held(objects: Iterable[object]) -> Iterator[_Held]:
    """Yield each piece of memory that tensors, arrays and byte strings among `objects` refer to, once."""
    found: dict[int, _Held] = {}
    for each in objects:
        held = _memory_of(each)
        if held is not None and (held.shape or held.address not in found):
            found[held.address] = held
    yield from found.values()


def _memory_of(value: Any) -> _Held | None:
    """Return the memory behind a tensor, array or byte string; None for anything else, and for none."""
    kind = type(value)  # what `isinstance` asks for is the program's to state
    try:
        if issubclass(kind, Tensor):
            with torch._C.DisableTorchFunctionSubclass():
                held = _tensor(value)
        elif issubclass(kind, np.ndarray):
            held = _array(value)
        elif issubclass(kind, _BYTES):
            held = _Held(id(value), memoryview(value).cast("B"))
        else:
            return None
    except Exception:  # noqa: BLE001 - the candidate's boundary: a sparse, symbolic or home-made tensor
        return None
    return held if len(held.memory) else None


def _tensor(value: Tensor) -> _Held:
    storage = value.untyped_storage()
    memory = torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage).cpu().numpy()
    whole = value.numel() * value.element_size() == len(memory)
    return _Held(storage.data_ptr(), memory, tuple(value.shape) if whole else (), value.grad_fn is not None)


def _array(value: NDArray[Any]) -> _Held:
    """Return the memory of the array that owns what `value` shows, or shows most of it."""
    owner = value
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    memory = np.ascontiguousarray(owner).reshape(-1).view(np.uint8)
    return _Held(owner.__array_interface__["data"][0], memory, tuple(value.shape) if value is owner else ())


def _address(tensor: Tensor) -> int | None:
    held = _memory_of(tensor)
    return None if held is None else held.address
