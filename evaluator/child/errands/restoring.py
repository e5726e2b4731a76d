"""The errands that begin with trained weights: build a program's network, load them, and put it to use.

    restore   predict what the supervisor shows it
    convert   write it in the ONNX format

Nothing is trained here.
"""

from __future__ import annotations

from torch import nn

from corpus.records.evaluations import Stage
from evaluator.channel.plan import Plan
from evaluator.child.errands.building import construct
from evaluator.child.errands.claims import enter
from evaluator.child.errands.evaluating import predict_batches
from evaluator.child.errands.files import receive_file, send_file
from evaluator.child.errands.onnx_export import onnx_file
from evaluator.child.errands.state import load_state
from evaluator.child.reuse import DataUse
from evaluator.child.train_data import TrainingSet


def restore(source: str, plan: Plan, data: TrainingSet) -> None:
    """Answer with the network of `source` and the weights that follow it."""
    net = _loaded(source, plan, data)
    enter(Stage.PREDICT)
    predict_batches(net, plan)


def convert(source: str, plan: Plan, data: TrainingSet) -> None:
    """Send the network of `source`, with the weights that follow it, as ONNX."""
    net = _loaded(source, plan, data)
    send_file(onnx_file(net, data.inputs, plan))


def _loaded(source: str, plan: Plan, data: TrainingSet) -> nn.Module:
    net = construct(source, plan, data.inputs, DataUse(plan)).net
    load_state(net, receive_file())
    return net.eval()
