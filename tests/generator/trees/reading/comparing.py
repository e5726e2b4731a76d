"""Two programs as networks in torch: whether they compute the same, once one has the other's weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from corpus.records.base import derive_seed
from corpus.records.tasks.shape import TaskShape

PRM = {"lr": 0.01, "momentum": 0.9, "dropout": 0.2, "epoch_max": 1}


def built(source: str, shape: TaskShape) -> nn.Module:
    """Return the network of a program, in evaluation mode; states of one name and shape have equal values."""
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(source, "program", "exec"), names)
    in_shape = (1, shape.channels, shape.height, shape.width)
    net: nn.Module = names["Net"](in_shape, (shape.classes,), PRM, torch.device("cpu")).eval()
    for name, state in net.state_dict().items():
        if state.is_floating_point():
            _fill(state, (name.rpartition(".")[2], _shape(state)))
    return net


def _fill(state: Tensor, seed: object) -> None:
    generator = torch.Generator().manual_seed(derive_seed(seed))
    drawn = torch.randn(state.shape, generator=generator)
    state.copy_(1.5 * drawn / state[0].numel() ** 0.5 if state.ndim > 1 else 1 + 0.1 * drawn.clamp(-2, 2))


def images(shape: TaskShape) -> Tensor:
    """Return two images."""
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, shape.channels, shape.height, shape.width, generator=generator)


def in_use(net: nn.Module, x: Tensor) -> list[nn.Module]:
    """Return the modules with weights that a network calls, in the order of the calls."""
    called: list[nn.Module] = []
    hooks = [
        module.register_forward_hook(_noting(called))
        for module in net.modules()
        if not list(module.children()) and list(module.parameters())
    ]
    net(x)
    for hook in hooks:
        hook.remove()
    return called


def _noting(called: list[nn.Module]) -> Callable[..., None]:
    def hook(module: nn.Module, *_: object) -> None:
        called.append(module)

    return hook


def weights(net: nn.Module, x: Tensor) -> Counter[tuple[int, ...]]:
    """Return the shapes of the weights in use; convolutions of single pixels count as linear layers."""
    return Counter(_shape(each) for module in in_use(net, x) for each in module.parameters())


def _shape(weight: Tensor) -> tuple[int, ...]:
    return tuple(weight.shape[:2]) if weight.shape[2:] == (1, 1) else tuple(weight.shape)


def move(source: nn.Module, target: nn.Module, x: Tensor) -> bool:
    """Give two networks the same weights, call by call; return whether all of them fit."""
    given, taken = in_use(source, x), in_use(target, x)
    if [_shapes(module) for module in given] != [_shapes(module) for module in taken]:
        return False
    for number, (one, other) in enumerate(zip(given, taken, strict=True)):
        for name, state in one.state_dict().items():
            if state.is_floating_point():
                _fill(state, (number, name))
            other.state_dict()[name].copy_(state.reshape(other.state_dict()[name].shape))
    return True


def differ(source: nn.Module, target: nn.Module, x: Tensor) -> float:
    """Return by how much the log-probabilities of two networks differ at most."""
    return float((source(x).log_softmax(1) - target(x).log_softmax(1)).abs().max())


def _shapes(module: nn.Module) -> list[tuple[int, ...]]:
    return [_shape(state) for state in module.state_dict().values()]
