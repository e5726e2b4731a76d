"""The one-epoch proxy, as it runs in a program's process: build the network, check it, train it, predict.

Where the images come from is `evaluator.child.train_data`; what makes a step fast is
`evaluator.child.acceleration`.

This module does *not* compute accuracies, and it never sees a validation label.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from corpus.records.evaluations import EvaluationStatus
from evaluator.channel.messages import MAX_LOSSES
from evaluator.channel.plan import Plan
from evaluator.child.acceleration import fuse_optimizers, precision, prefer_channels_last
from evaluator.child.contract import FACTORY, NETWORK
from evaluator.child.diagnosis import Rejected
from evaluator.child.train_data import Normalisation, TrainData

_CRITERION_NAMES = ("criteria", "criterion", "loss_fn", "loss_function")
_CHECKED_IMAGES = 2


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


def hyperparameters(module: ModuleType, plan: Plan) -> dict[str, float]:
    """Return the values handed to the program: the protocol's own, and one for whatever else it supports."""
    declared = getattr(module, FACTORY)()
    if not isinstance(declared, set | frozenset | list | tuple | dict):
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, f"{FACTORY}() must return a set of names")
    config = plan.config
    values = {str(name): config.other_hyperparameters for name in declared}
    return values | {"lr": config.lr, "momentum": config.momentum, "dropout": config.dropout}


def build(module: ModuleType, prm: dict[str, float], plan: Plan) -> nn.Module:
    """Return the program's network, no larger than the cap."""
    shape = plan.shape
    in_shape = (plan.config.batch_size, shape.channels, shape.height, shape.width)
    net = getattr(module, NETWORK)(in_shape, (shape.classes,), dict(prm), torch.device("cpu"))
    if not isinstance(net, nn.Module):
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, f"{NETWORK} must derive from torch.nn.Module")
    count_parameters(net, plan)
    return net


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
        net.train_setup(dict(prm))
        fuse_optimizers(net)
        recorder = LossRecorder(net, steps=(len(labels) // plan.config.batch_size) * plan.config.epochs)
        with watch or nullcontext():
            for epoch in range(plan.config.epochs):
                net.train()
                returned.append(net.learn(TrainData(images, labels, plan, epoch)))
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
