"""The one-epoch proxy, as it runs in a program's process: build the network, check it, train it, predict.

Where the inputs come from is `evaluator.child.train_data`; what makes a step fast is
`evaluator.child.speed.acceleration`.

This module does *not* compute metrics, and it never sees a validation target.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from corpus.programs.contract import FACTORY, NETWORK
from corpus.records.evaluations import EvaluationStatus
from corpus.records.tasks.kinds import TaskKind
from evaluator.channel.hyperparameters import Value
from evaluator.channel.layout import answer_type, names_classes
from evaluator.channel.plan import Plan
from evaluator.child.diagnosis import Rejected
from evaluator.child.losses import LossRecorder
from evaluator.child.speed.acceleration import fuse_optimizers, precision, prefer_channels_last
from evaluator.child.train_data import Normalisation, TrainData, batches_in

_CHECKED_INPUTS = 2
_MOST_HYPERPARAMETERS = 1_000


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


def hyperparameters(module: ModuleType, plan: Plan) -> dict[str, Value]:
    """Return the values handed to the program: the protocol's own, and one for whatever else it supports.

    It is one object from `__init__` to `train_setup`, as in LEMUR: what a program writes into it stays.
    """
    declared = part_of(module, FACTORY, f"module-level function {FACTORY}()")()
    listed = isinstance(declared, Iterable) and not isinstance(declared, str | bytes)
    names = list(islice(declared, _MOST_HYPERPARAMETERS + 1)) if listed else None
    if names is None or len(names) > _MOST_HYPERPARAMETERS:
        message = f"{FACTORY}() must return a set of at most {_MOST_HYPERPARAMETERS} names"
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, message)
    return plan.config.prm(map(str, names))


def build(module: ModuleType, prm: dict[str, Value], plan: Plan) -> nn.Module:
    """Return the program's network, no larger than the cap.

    It is told the shape of one input with a batch of 1, as LEMUR takes it from a batch of one image, and the
    shape of one answer.
    """
    in_shape, out_shape = (1, *plan.shape.input_shape), plan.shape.output_shape
    network = part_of(module, NETWORK, f"module-level class {NETWORK}")
    net = network(in_shape, out_shape, prm, torch.device(plan.config.backend))
    if not isinstance(net, nn.Module):
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, f"{NETWORK} must derive from torch.nn.Module")
    if not _has_forward(net):
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, f"there is no method {NETWORK}.forward(x)")
    count_parameters(net, plan)
    return net.to(plan.config.backend) if plan.config.on_gpu else net


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


class Checked(NamedTuple):
    """What a forward pass shows of a network.

    Attributes:
        output_shape: Shape of the answer to one input.
        flops: FLOPs for one input, None where not countable.
    """

    output_shape: tuple[int, ...]
    flops: int | None


def check_forward(
    net: nn.Module, examples: Tensor, plan: Plan, forward: Callable[[nn.Module, Tensor], Any] = call
) -> Checked:
    """Check the forward pass on two inputs and return what it shows.

    Args:
        net: The network.
        examples: Training inputs, as in `TrainingSet`.
        plan: The protocol.
        forward: Makes the pass that is checked, and may watch it.
    """
    inputs = Normalisation(plan)(examples[:_CHECKED_INPUTS])
    net.eval()
    with torch.no_grad(), precision(plan):
        scores = forward(net, inputs)
        check_scores(scores, len(inputs), plan)
        output_shape = tuple(int(each) for each in scores.shape[1:])
        try:
            with FlopCounterMode(display=False) as counter:
                net(inputs[:1])
        except Exception:  # noqa: BLE001 - the candidate's boundary; its forward has passed, only the count fails
            return Checked(output_shape, None)
    return Checked(output_shape, int(counter.get_total_flops()))


def check_scores(scores: Any, count: int, plan: Plan) -> Tensor:
    """Return the answers of a network to `count` inputs in the form that the kind of task asks for.

    Raises:
        Rejected: The output is no finite tensor of such a form.
    """
    if plan.shape.kind is TaskKind.SINGLE_LABEL:
        return _class_scores(scores, count, plan)
    wanted = (count, *plan.shape.output_shape)
    if not isinstance(scores, Tensor):
        message = f"forward returned {type(scores).__name__}, not a tensor {wanted}"
        raise Rejected(EvaluationStatus.SHAPE_ERROR, message)
    if tuple(scores.shape) != wanted:
        message = f"forward returned shape {tuple(scores.shape)}, not {wanted}"
        raise Rejected(EvaluationStatus.SHAPE_ERROR, message)
    if not scores.is_floating_point():
        message = f"forward returned {scores.dtype}, not floating-point numbers"
        raise Rejected(EvaluationStatus.CONTRACT_ERROR, message)
    answers = scores.detach().float()
    if not bool(torch.isfinite(answers).all()):
        raise Rejected(EvaluationStatus.NON_FINITE, "the answers are not all finite numbers of 32 bits")
    return answers


def _class_scores(scores: Any, count: int, plan: Plan) -> Tensor:
    """Return scores as `(count, columns)`, a column for each class and perhaps further ones behind them.

    LEMUR takes the largest score of all columns, so further columns are a reason to be wrong, not to be
    refused. Of its other forms `(count, 1, columns)` is one, and `(count, columns, 1, 1)`, on which it counts
    pairs of images, is read as what was meant.

    Raises:
        Rejected: The output is no finite tensor of such a form.
    """
    wanted = (count, plan.shape.classes)
    if not isinstance(scores, Tensor):
        message = f"forward returned {type(scores).__name__}, not a tensor {wanted}"
        raise Rejected(EvaluationStatus.SHAPE_ERROR, message)
    form = tuple(scores.shape)
    if len(form) == 3 and form[1] == 1:
        form = (form[0], form[2])
    elif len(form) > 3 and set(form[2:]) == {1}:
        form = form[:2]
    if len(form) != 2 or form[0] != count or form[1] < plan.shape.classes:
        message = f"forward returned shape {tuple(scores.shape)}, not {wanted}"
        raise Rejected(EvaluationStatus.SHAPE_ERROR, message)
    if not bool(torch.isfinite(scores).all()):
        raise Rejected(EvaluationStatus.NON_FINITE, "the scores are not all finite numbers")
    return scores if form == tuple(scores.shape) else scores.reshape(form)  # (count, columns)


def train(
    net: Any,
    prm: dict[str, Value],
    inputs: Tensor,
    targets: Tensor,
    plan: Plan,
    watch: AbstractContextManager[object] | None = None,
) -> tuple[float, ...]:
    """Train for the protocol's epochs, within the context `watch`, and return the loss curve."""
    returned: list[object] = []
    with precision(plan):
        prefer_channels_last(net, Normalisation(plan)(inputs[:_CHECKED_INPUTS]), plan)
        part_of(net, "train_setup", f"method {NETWORK}.train_setup(prm)")(prm)
        fuse_optimizers(net)
        steps = batches_in(len(targets), plan.config.batch_size) * plan.config.epochs
        recorder = LossRecorder(net, steps, plan.stop)
        with watch or nullcontext():
            for epoch in range(plan.config.epochs):
                net.train()
                learn = part_of(net, "learn", f"method {NETWORK}.learn(train_data)")
                data = TrainData(inputs, targets, plan, epoch)
                handle = recorder.watch(data.criterion)
                returned.append(learn(data))
                handle.remove()
    losses = recorder.close(returned)
    count_parameters(net, plan)  # it may have grown since it was built
    if not all(bool(torch.isfinite(each).all()) for each in net.parameters()):
        raise Rejected(EvaluationStatus.NON_FINITE, "training diverged: weights are not all finite numbers")
    return losses


def predict(net: nn.Module, inputs: Tensor, plan: Plan) -> bytes:
    """Return the answers to a batch of raw inputs as `evaluator.channel.layout` has them.

    They are class ids as little-endian uint16, where a column that stands for no class of the task has the id
    that follows the last class's; or the network's numbers themselves, as float32.
    """
    net.eval()
    with torch.no_grad(), precision(plan):
        scores = net(Normalisation(plan)(inputs.to(plan.config.backend)))
    answers = check_scores(scores, len(inputs), plan)
    if names_classes(plan.shape.kind):
        answers = answers.argmax(dim=1).clamp(max=plan.shape.classes)  # (B,), (B, H, W) or (B, L)
    return answers.cpu().numpy().astype(answer_type(plan.shape.kind)).tobytes()
