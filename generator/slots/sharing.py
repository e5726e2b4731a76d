"""The choices of a slotted network by weight sharing: a script that trains all alternatives at once.

GDAS (Dong and Yang, CVPR 2019): every alternative of every slot is built, and each batch runs along one path,
drawn by a straight-through Gumbel softmax of logits, whose temperature falls. Weights and logits are trained
in turn, on two halves of the training split: weights as the scaffold trains itself, logits by Adam on the
loss that goes with the kind of task. What is learnt is the logits; choices come in the order of their sum.

One thing is not as published: where logits take their step, what the other alternatives would give at their
place is computed too, without a gradient of its own. The published rule runs the drawn one alone, whose
gate's gradient is the inner product of its output with the output's gradient: nothing, wherever a convolution
and a normalisation follow, for which the output's scale makes no difference.

The script runs in the sandbox, since alternatives may be a model's. Its logits are the word of the process in
which they ran: ground enough to say what is tried first, and never a score. This module does *not* run it.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from corpus.records.base import content_id
from corpus.records.search.transcripts import Transcript
from corpus.records.tasks.shape import TaskShape
from generator.kinds.carrying import carried
from generator.slots.assembling import text_of
from generator.slots.checking import trouble
from generator.slots.contract import Slotted

RATE = 0.03
"""Learning rate of the logits. Ours: the published 3e-4 is for 250 epochs of 390 steps."""

TEMPERATURES = (10.0, 0.1)
"""Temperature of the Gumbel softmax in the first step and the last, linear between: the published ones."""

MOST = 1_000.0
"""No logit that is read is larger, either way; our choice."""

_LOGITS = TypeAdapter(list[list[Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False)]]])
_TRAINING = """\
import functools
import json
import random

import numpy
import torch
from torch import nn

SCAFFOLD = {scaffold}
SLOTS = {slots}
EPOCHS, RATE, FIRST, LAST = {epochs}, {rate}, {first}, {last}

random.seed({seed})
numpy.random.seed({seed} % 2**32)
torch.manual_seed({seed})
chosen, gates = [0] * len(SLOTS), [None] * len(SLOTS)


class Shared(nn.Module):
    def __init__(self, place, classes):
        super().__init__()
        self.place = place
        self.alternatives = nn.ModuleList([each() for each in classes])

    def forward(self, *given):
        number, gate = chosen[self.place], gates[self.place]
        if gate is None:
            return self.alternatives[number](*given)
        with torch.no_grad():
            others = [
                0.0 if other == number else module(*(each.clone() for each in given))
                for other, module in enumerate(self.alternatives)
            ]
        answer = self.alternatives[number](*given) * gate[number]
        return answer + sum(gate[other] * would for other, would in enumerate(others) if other != number)


def built(text, name):
    names = {{"__name__": "program"}}
    exec(compile(text, "<alternative>", "exec"), names)
    return names[name]


def draw(temperature):
    for place, row in enumerate(logits):
        gates[place] = nn.functional.gumbel_softmax(row, tau=temperature, hard=True)
        chosen[place] = int(gates[place].argmax())


def batch(places):
    return (inputs[places].float() - mean) / std, targets[places]


def halves(epoch):
    for half in (weights_half, logits_half):
        order = half[torch.randperm(len(half))]
        yield order[: max(1, len(order) // size) * size].split(size)


class Turns:
    def __init__(self, epoch):
        self.epoch = epoch
        self.pairs = list(zip(*halves(epoch)))

    def __len__(self):
        return len(self.pairs)

    def __iter__(self):
        for step, (own, other) in enumerate(self.pairs):
            done = (self.epoch * len(self) + step) / max(1, EPOCHS * len(self) - 1)
            temperature = FIRST + (LAST - FIRST) * done
            draw(temperature)
            images, wanted = batch(other)
            slopes = torch.autograd.grad(criterion(net(images), wanted), logits, allow_unused=True)
            slopes = [torch.zeros_like(row) if each is None else each for row, each in zip(logits, slopes)]
            if all(bool(each.isfinite().all()) for each in slopes):
                for row, each in zip(logits, slopes):
                    row.grad = each
                optimizer.step()
            draw(temperature)
            gates[:] = [None] * len(gates)
            yield batch(own)


prm = {{**hyperparameters, **dict.fromkeys(("epoch", "epoch_max"), EPOCHS)}}
size = int(prm["batch"])
inputs, targets = torch.from_numpy(train_images), torch.from_numpy(train_labels)
axes = [axis for axis in range(inputs.dim()) if axis != 1]
mean = inputs.float().mean(axes, keepdim=True)
std = inputs.float().std(axes, keepdim=True).clamp_min(1e-6)
weights_half, logits_half = torch.randperm(len(inputs)).tensor_split(2)
program = {{"__name__": "program"}}
for place, (name, texts) in enumerate(SLOTS):
    program[name] = functools.partial(Shared, place, [built(text, name) for text in texts])
exec(compile(SCAFFOLD, "<scaffold>", "exec"), program)
net = program["Net"]((1, *{entering}), {leaving}, prm, torch.device("cpu"))
logits = [(0.001 * torch.randn(len(texts))).requires_grad_() for _, texts in SLOTS]
optimizer = torch.optim.Adam(logits, lr=RATE, betas=(0.5, 0.999), weight_decay=0.001)
criterion = nn.{loss}()
net.train_setup(prm)
for epoch in range(EPOCHS):
    net.learn(Turns(epoch))
rows = [[round(each, 2) for each in row.tolist()] for row in logits]
print("{mark}" + json.dumps(rows, separators=(",", ":")))
"""


class NothingLearnt(ValueError):
    """A training of shared weights that came to no logits; the message says why."""


def sharing_script(slotted: Slotted, task: TaskShape, epochs: int, seed: int) -> str:
    """Return the script that trains shared weights and prints the logits.

    Args:
        slotted: The network, written for the task or for its picture, from which it is carried.
        task: What is learnt.
        epochs: Passes over the training split, half of it for the weights and half for the logits.
        seed: Seeds all that is drawn.
    """
    slots = [(slot.class_name, [text_of(slot, each) for each in slot.alternatives]) for slot in slotted.slots]
    return _TRAINING.format(
        scaffold=repr(carried(slotted.scaffold, task)),
        slots=repr(slots),
        epochs=epochs,
        rate=RATE,
        first=TEMPERATURES[0],
        last=TEMPERATURES[1],
        seed=seed,
        entering=task.input_shape,
        leaving=task.output_shape,
        loss=task.kind.loss,
        mark=_mark(slotted),
    )


def logits_in(transcript: Transcript, slotted: Slotted) -> list[list[float]]:
    """Return for each slot the logits of its alternatives, as a script printed them.

    Raises:
        NothingLearnt: The script did not finish, or its last line is not that.
    """
    problem = trouble(transcript)
    if problem is not None:
        raise NothingLearnt(problem)
    last = (transcript.output.splitlines() or [""])[-1]
    if not last.startswith(_mark(slotted)):
        raise NothingLearnt("the script ended before its logits")
    try:
        logits = _LOGITS.validate_json(last.removeprefix(_mark(slotted)))
    except ValidationError:
        raise NothingLearnt("what the script printed is no logits") from None
    if [len(row) for row in logits] != [len(slot.alternatives) for slot in slotted.slots]:
        raise NothingLearnt("the script printed logits of other slots")
    return logits


def likely(logits: Sequence[Sequence[float]]) -> Iterator[tuple[int, ...]]:
    """Yield all choices, an alternative for each slot, by their sum of logits: the largest first."""
    orders = [sorted(range(len(row)), key=lambda each, row=row: (-row[each], each)) for row in logits]  # type: ignore[misc]

    def entry(ranks: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
        picked = zip(logits, orders, ranks, strict=True)
        return -sum(row[order[rank]] for row, order, rank in picked), ranks

    first = (0,) * len(logits)
    waiting, met = [entry(first)], {first}
    while waiting:
        _, ranks = heapq.heappop(waiting)
        yield tuple(order[rank] for order, rank in zip(orders, ranks, strict=True))
        for place, rank in enumerate(ranks):
            after = (*ranks[:place], rank + 1, *ranks[place + 1 :])
            if rank + 1 < len(orders[place]) and after not in met:
                met.add(after)
                heapq.heappush(waiting, entry(after))


def _mark(slotted: Slotted) -> str:
    """Return what the line of logits begins with: nothing that a text says by accident."""
    return f"logits {content_id(json.dumps(slotted.model_dump(mode='json')))}: "
