"""The one-epoch proxy, as it runs in a program's process: build the network, check it, train it, predict.

Where the images come from is `evaluator.child.train_data`; what makes a step fast is
`evaluator.child.acceleration`.

This module does *not* compute accuracies, and it never sees a validation label.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from corpus.programs.contract import FACTORY, NETWORK
from corpus.records.evaluations import EvaluationStatus
from evaluator.channel.messages import MAX_LOSSES
from evaluator.channel.plan import Plan
from evaluator.child.acceleration import fuse_optimizers, precision, prefer_channels_last
from evaluator.child.diagnosis import Rejected
from evaluator.child.train_data import Normalisation, TrainData

_CRITERION_NAMES = ("criteria", "criterion", "loss_fn", "loss_function")
_CHECKED_IMAGES = 2
_MOST_HYPERPARAMETERS = 1_000


class LossRecorder:
    """Notes the training loss at up to 16 evenly spaced steps, by a hook on the program's criterion.

    A program whose criterion is no module leaves the curve empty, unless `learn` returns the loss.
    """

    def __init__(self, net: nn.Module, steps: int) -> None:
        self.losses: list[float] = []
        count = min(MAX_LOSSES, steps)
        self._wanted = {(index + 1) * steps // count - 1 for index in range(count)}
        self._step = 0
        self._handle = None
        for name in _CRITERION_NAMES:
            value = getattr(net, name, None)
            criterion = value[0] if isinstance(value, tuple | list) and value else value
            if isinstance(criterion, nn.Module):
                self._handle = criterion.register_forward_hook(self._on_loss)
                return

    def close(self, returned: list[object]) -> tuple[float, ...]:
        """Remove the hook and return the curve, falling back to what `learn` returned for each epoch."""
        if self._handle is not None:
            self._handle.remove()
        if not self.losses:
            numbers = [float(value) for value in returned if isinstance(value, int | float)]
            self.losses = [value for value in numbers if math.isfinite(value)]
        return tuple(self.losses[:MAX_LOSSES])

    def _on_loss(self, _module: nn.Module, _inputs: object, loss: object) -> None:
        if self._step in self._wanted and isinstance(loss, Tensor) and loss.numel() == 1:
            value = float(loss.detach())
            if math.isfinite(value):
                self.losses.append(value)
        self._step += 1


def seed_everything(plan: Plan) -> None:
    """Seed the generators that a program is likely to use, and give torch its threads."""
    random.seed(plan.config.seed)
    np.random.seed(plan.config.seed)
    torch.manual_seed(plan.config.seed)
    torch.set_num_threads(plan.config.threads)


def part_of(owner: object, name: str, called: str) -> Any:
    """Return what the contract asks `owner` for, where the program's text could not show that it is there."""
    part = getattr(owner, name, None)
    if not callable(part):
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, f"there is no {called}")
    return part


def hyperparameters(module: ModuleType, plan: Plan) -> dict[str, float]:
    """Return the values handed to the program: the protocol's own, and one for whatever else it supports."""
    declared = part_of(module, FACTORY, f"module-level function {FACTORY}()")()
    listed = isinstance(declared, Iterable) and not isinstance(declared, str | bytes)
    names = list(islice(declared, _MOST_HYPERPARAMETERS + 1)) if listed else None
    if names is None or len(names) > _MOST_HYPERPARAMETERS:
        message = f"{FACTORY}() must return a set of at most {_MOST_HYPERPARAMETERS} names"
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, message)
    config = plan.config
    values = {str(name): config.other_hyperparameters for name in names}
    return values | {"lr": config.lr, "momentum": config.momentum, "dropout": config.dropout}


def build(module: ModuleType, prm: dict[str, float], plan: Plan) -> nn.Module:
    """Return the program's network, no larger than the cap."""
    shape = plan.shape
    in_shape = (plan.config.batch_size, shape.channels, shape.height, shape.width)
    network = part_of(module, NETWORK, f"module-level class {NETWORK}")
    net = network(in_shape, (shape.classes,), dict(prm), torch.device("cpu"))
    if not isinstance(net, nn.Module):
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, f"{NETWORK} must derive from torch.nn.Module")
    if not _has_forward(net):
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, f"there is no method {NETWORK}.forward(x)")
    count_parameters(net, plan)
    return net


def _has_forward(net: nn.Module) -> bool:
    """Return whether a network has a `forward`, or a `__call__` that may do without."""
    forward = getattr(net.forward, "__func__", net.forward)
    return forward is not nn.Module.forward or type(net).__call__ is not nn.Module.__call__


def count_parameters(net: nn.Module, plan: Plan) -> int:
    """Return the number of trainable parameters, those of lazy layers once they have a shape.

    Raises:
        Rejected: There are more than the cap, or none.
    """
    lazy = nn.parameter.UninitializedParameter
    trainable = [each for each in net.parameters() if each.requires_grad]
    count = sum(each.numel() for each in trainable if not isinstance(each, lazy))
    if count > plan.config.max_parameters:
        message = f"{count:,} trainable parameters, the cap is {plan.config.max_parameters:,}"
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, message)
    if not trainable:
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, "the network has no trainable parameters")
    return count


def call(net: nn.Module, inputs: Tensor) -> Any:
    """Return `net(inputs)`."""
    return net(inputs)


def check_forward(
    net: nn.Module, images: Tensor, plan: Plan, forward: Callable[[nn.Module, Tensor], Any] = call
) -> int | None:
    """Check the forward pass on two images and return its FLOPs for one, None where not countable.

    Args:
        net: The network.
        images: Training images, uint8 `(N, C, H, W)`.
        plan: The protocol.
        forward: Makes the pass that is checked, and may watch it.
    """
    inputs = Normalisation(plan)(images[:_CHECKED_IMAGES])
    net.eval()
    with torch.no_grad(), precision(plan):
        check_scores(forward(net, inputs), len(inputs), plan)
        try:
            with FlopCounterMode(display=False) as counter:
                net(inputs[:1])
        except Exception:  # noqa: BLE001 - the candidate's boundary; its forward has passed, only the count fails
            return None
    return int(counter.get_total_flops())


def check_scores(scores: Any, count: int, plan: Plan) -> None:
    """Refuse an output that is not a finite tensor `(count, classes)`."""
    wanted = (count, plan.shape.classes)
    if not isinstance(scores, Tensor):
        message = f"forward returned {type(scores).__name__}, not a tensor {wanted}"
        raise Rejected(EvaluationStatus.SHAPE_ERROR, message)
    if tuple(scores.shape) != wanted:
        message = f"forward returned shape {tuple(scores.shape)}, not {wanted}"
        raise Rejected(EvaluationStatus.SHAPE_ERROR, message)
    if not bool(torch.isfinite(scores).all()):
        raise Rejected(EvaluationStatus.NON_FINITE, "the scores are not all finite numbers")


def train(
    net: Any,
    prm: dict[str, float],
    images: Tensor,
    labels: Tensor,
    plan: Plan,
    watch: AbstractContextManager[object] | None = None,
) -> tuple[float, ...]:
    """Train for the protocol's epochs, within the context `watch`, and return the loss curve."""
    returned: list[object] = []
    with precision(plan):
        prefer_channels_last(net, Normalisation(plan)(images[:_CHECKED_IMAGES]), plan)
        part_of(net, "train_setup", f"method {NETWORK}.train_setup(prm)")(dict(prm))
        fuse_optimizers(net)
        recorder = LossRecorder(net, steps=(len(labels) // plan.config.batch_size) * plan.config.epochs)
        with watch or nullcontext():
            for epoch in range(plan.config.epochs):
                net.train()
                learn = part_of(net, "learn", f"method {NETWORK}.learn(train_data)")
                returned.append(learn(TrainData(images, labels, plan, epoch)))
    losses = recorder.close(returned)
    count_parameters(net, plan)  # it may have grown since it was built
    if not all(bool(torch.isfinite(each).all()) for each in net.parameters()):
        raise Rejected(EvaluationStatus.NON_FINITE, "training diverged: weights are not all finite numbers")
    return losses


def predict(net: nn.Module, images: Tensor, plan: Plan) -> bytes:
    """Return the predicted class ids of a batch of uint8 images, as little-endian uint16."""
    net.eval()
    with torch.no_grad(), precision(plan):
        scores = net(Normalisation(plan)(images))
    check_scores(scores, len(images), plan)
    return scores.argmax(dim=1).numpy().astype("<u2").tobytes()
