"""The errand of an evaluation: build a program's network, train it, predict what the supervisor shows it.

Inputs to predict are asked for only when training is over. This module does *not* compute metrics.
"""

from __future__ import annotations

import torch
from torch import nn

from corpus.records.evaluations import Stage
from corpus.records.tasks.kinds import TaskKind
from evaluator.channel.framing import NONCE_BYTES, Kind, read_frame, write_frame
from evaluator.channel.messages import Trained
from evaluator.channel.plan import Plan
from evaluator.child import proxy
from evaluator.child.confinement import CHANNEL
from evaluator.child.errands.building import Construction, construct
from evaluator.child.errands.claims import claim, enter
from evaluator.child.errands.files import write_parts
from evaluator.child.reuse import DataUse
from evaluator.child.train_data import TrainingSet


def evaluate(source: str, plan: Plan, data: TrainingSet) -> None:
    """Take the program `source` through all stages."""
    trained = train(source, plan, data)
    enter(Stage.PREDICT)
    predict_batches(trained.net, plan)


def train(source: str, plan: Plan, data: TrainingSet) -> Construction:
    """Return the network of `source`, trained."""
    use = DataUse(plan)
    built = construct(source, plan, data.inputs, use)
    enter(Stage.LEARN)
    losses = proxy.train(built.net, built.prm, data.inputs, data.targets, plan, watch=use)
    claim(Trained(losses=losses, passes=use.passes, kept_bytes=use.kept_bytes()))
    return built


def predict_batches(net: nn.Module, plan: Plan) -> None:
    """Answer batch after batch, in lockstep, until the supervisor has no more."""
    while (frame := read_frame(CHANNEL)) is not None:
        nonce, raw = frame.payload[:NONCE_BYTES], bytearray(frame.payload[NONCE_BYTES:])
        inputs = torch.frombuffer(raw, dtype=getattr(torch, plan.inputs))
        inputs = inputs.view(-1, *plan.shape.input_shape)  # (B, C, H, W) or (B, C, L)
        answer = nonce + proxy.predict(net, inputs, plan)
        if plan.shape.kind is TaskKind.SINGLE_LABEL:
            write_frame(CHANNEL, Kind.CLASSES, answer)
        else:
            write_parts(Kind.ANSWER, answer)
