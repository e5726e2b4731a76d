"""What makes a program's own training step faster without changing what it computes.

    fused optimisers     one kernel for a whole parameter group, instead of several for each parameter
    channels-last        convolutions in the memory layout that the kernels are written for
    bfloat16             matrix products and convolutions in half the width, where the protocol says so

The first two change an accuracy by rounding alone. A program that cannot bear another memory layout, because
it calls `view` on a feature map for instance, is trained in the ordinary one. A trial on a copy of its
network decides that, never a clock: the choice is the same on every run.

This module does *not* compile, does not touch a program's source, and does not change hyperparameters.
"""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from evaluator.channel.plan import Plan

_FUSIBLE = (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.Adagrad)
"""Optimisers with a fused kernel (PyTorch's documentation of `torch.optim`); Adagrad has one for the CPU
alone."""

_SCORE_TOLERANCE = 1e-3
"""Largest difference of scores between two layouts, relative to the largest score; rounding gives 1e-6."""


def precision(plan: Plan) -> AbstractContextManager[object]:
    """Return the context that forward passes and training run in: autocast for bf16, else no change.

    Autocast keeps casted weights for as long as its context lasts, here a whole epoch: a program would train
    against its initial weights. So that cache is off.
    """
    half = plan.config.precision == "bf16"
    return torch.autocast(plan.config.backend, dtype=torch.bfloat16, enabled=half, cache_enabled=False)


def fuse_optimizers(net: nn.Module) -> None:
    """Switch the optimisers that `net` holds to their fused kernels, where the program left that open."""
    for value in list(vars(net).values()):
        for optimizer in value if isinstance(value, list | tuple) else (value,):
            kind = type(optimizer)
            if kind in _FUSIBLE and all(_fusible(kind, group) for group in optimizer.param_groups):
                for group in optimizer.param_groups:
                    group["fused"] = True
                optimizer.register_step_pre_hook(_LayoutGuard(optimizer))


class _LayoutGuard:
    """Keeps fused kernels from what they silently get wrong: they take all memory to be laid out alike.

    Before a step it copies a gradient that the program laid out otherwise than its parameter, and goes back
    to the ordinary kernels where a gradient is sparse or a parameter is no longer laid out as it was.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._strides = [[each.stride() for each in group["params"]] for group in optimizer.param_groups]

    def __call__(self, optimizer: torch.optim.Optimizer, _args: object, _kwargs: object) -> None:
        for group, strides in zip(optimizer.param_groups, self._strides, strict=False):
            if group["fused"] and not self._can_step(group["params"], strides):
                group["fused"] = False

    def _can_step(self, parameters: list[nn.Parameter], strides: list[tuple[int, ...]]) -> bool:
        if len(parameters) != len(strides):
            return False
        for parameter, stride in zip(parameters, strides, strict=True):
            gradient = parameter.grad
            if gradient is None:
                continue
            if gradient.layout is not torch.strided or parameter.stride() != stride:
                return False
            if gradient.stride() != stride:
                parameter.grad = torch.empty_like(parameter).copy_(gradient)
        return True


def prefer_channels_last(net: nn.Module, inputs: Tensor, plan: Plan) -> bool:
    """Lay out the weights of `net` channels-last if it has convolutions and, in a trial, can bear it.

    Args:
        net: The network; only the layout of its weights may change.
        inputs: A few normalised inputs, `(B, C, H, W)`; signals have no such layout.
        plan: The protocol.

    Returns:
        Whether the layout was changed.
    """
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    wanted = plan.config.channels_last and inputs.dim() == 4
    if not wanted or not convolutions or (not plan.config.on_gpu and any(map(_corrupts, convolutions))):
        return False
    with torch.random.fork_rng(devices=(0,) if plan.config.on_gpu else ()):
        bearable = _same_scores_channels_last(net, inputs)
    if bearable:
        net.to(memory_format=torch.channels_last)
    return bearable


def _corrupts(module: nn.Conv2d) -> bool:
    """Return whether oneDNN writes beyond its memory in the backward pass of a convolution, laid out so.

    On a processor with AVX2 it does for 1x1 kernels with a stride on 2 to 7 channels (torch 2.13; found by
    trying 936 convolutions under `MALLOC_CHECK_=3`): the process dies, at once or later.
    """
    strided = tuple(module.kernel_size) == (1, 1) and max(module.stride) > 1
    return strided and module.groups == 1 and 1 < module.in_channels < 8


def _same_scores_channels_last(net: nn.Module, inputs: Tensor) -> bool:
    """Try forward and backward, evaluating and training, on a copy of `net`."""
    try:
        twin = copy.deepcopy(net).to(memory_format=torch.channels_last)
        with torch.no_grad():
            wanted, found = net.eval()(inputs), twin.eval()(inputs)
        twin.train()(inputs).float().sum().backward()
    except Exception:  # noqa: BLE001 - the candidate's boundary; it trains in the layout that it was written for
        return False
    tolerance = _SCORE_TOLERANCE * float(wanted.abs().max())
    return bool(((wanted - found).abs() <= tolerance).all())


def _fusible(kind: type, group: dict[str, Any]) -> bool:
    """Return whether the program left the kernel open, and the fused one can do what is asked for."""
    return (
        group["fused"] is None
        and not group["foreach"]
        and not group["differentiable"]
        and not isinstance(group["lr"], Tensor)
        and all(each.dtype is torch.float32 and _is_dense(each) for each in group["params"])
        and not (kind is torch.optim.Adagrad and any(each.is_cuda for each in group["params"]))
    )


def _is_dense(parameter: Tensor) -> bool:
    return parameter.is_contiguous() or (
        parameter.dim() == 4 and parameter.is_contiguous(memory_format=torch.channels_last)
    )
