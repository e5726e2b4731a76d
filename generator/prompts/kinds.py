"""The contract of a program for a task that is no classification of images, as a real code model is told it.

This module does *not* know plain tasks, whose contract is in `templates`.
"""

from __future__ import annotations

from corpus.records.tasks.kinds import Metric, TaskKind
from corpus.records.tasks.shape import TaskShape

_CONTRACT = """\
Write a PyTorch network for {task} as one complete, self-contained Python module.

Task
- Inputs are {inputs}, float32 and normalised.
- {asked}
- The metric is {metric}.
- At most {max_parameters:,} trainable parameters.
- The network is trained from scratch for ONE epoch, so it must learn fast.
- Aim at a validation {aim}.

Contract
1. At module level, `def supported_hyperparameters()` returns the set of names of the hyperparameters that the
   module reads, for example {{'lr', 'momentum', 'dropout'}}. Their values arrive in a dict `prm`; these three
   lie in [0, 1].
2. `class Net(nn.Module)` with
   `def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device)`.
   `in_shape` is (batch, {axes}), here (1, {input_shape}); `out_shape` is {output_shape}.
   Build every layer here, with channel and feature counts that fit together.
3. `def forward(self, x)` maps inputs of shape (batch, {input_shape}) to an answer of shape
   (batch, {answer_shape}). {bare}
4. `def train_setup(self, prm)` moves the network to its device and sets the criterion and the optimizer.
5. `def learn(self, train_data)` trains for exactly one pass over `train_data`, an iterable of
   (inputs, targets) batches: move the batch to the device, zero the gradients, compute the loss, go backward,
   step. Targets are {targets}.
   The task's loss is `{criterion}`; `train_data.criterion` is one, ready to use.

Limits
- Import only `torch`, its submodules and `math`. No pretrained weights, no files, no network, no printing.
- Spell out every layer and helper class; leave nothing abbreviated.
- Answer with a single ```python code block."""

ANSWER_FORM = "- Answer with a single ```python code block."
"""The line of every contract that says what an answer looks like, so that others can ask for another form."""

_TASKS = {
    TaskKind.SINGLE_LABEL: "classification",
    TaskKind.MULTI_LABEL: "multi-label classification",
    TaskKind.SEGMENTATION: "segmentation",
    TaskKind.REGRESSION: "dense regression",
}
_ASKED = {
    TaskKind.SINGLE_LABEL: "Each belongs to one of {classes} classes.",
    TaskKind.MULTI_LABEL: "Of {classes} labels any number holds for an input.",
    TaskKind.SEGMENTATION: "Each {position} belongs to one of {classes} classes.",
    TaskKind.REGRESSION: "Numbers sought at each {position}: {classes}.",
}
_METRICS = {
    Metric.ACCURACY: "accuracy",
    Metric.MEAN_AVERAGE_PRECISION: "mean average precision over the labels",
    Metric.MEAN_IOU: "mean intersection over union over the classes",
    Metric.RELATIVE_L2: "relative L2 error; lower is better",
}
_BARE = {
    TaskKind.SINGLE_LABEL: "No softmax: the loss applies it.",
    TaskKind.MULTI_LABEL: "No sigmoid: the loss applies it.",
    TaskKind.SEGMENTATION: "No softmax: the loss applies it.",
    TaskKind.REGRESSION: "The targets are standardised, so no last activation.",
}
_TARGETS = {
    TaskKind.SINGLE_LABEL: "class ids, int64",
    TaskKind.MULTI_LABEL: "0 or 1 for each label, float32",
    TaskKind.SEGMENTATION: "class ids, int64",
    TaskKind.REGRESSION: "float32",
}


def task_in_words(shape: TaskShape) -> str:
    """Return what is asked of a network: `segmentation of images`."""
    return f"{_TASKS[shape.kind]} of {'signals' if shape.signal else 'images'}"


def metric_in_words(shape: TaskShape) -> str:
    """Return what is measured, in a few words: `accuracy`."""
    metric = shape.kind.metric
    return f"{metric.words} error" if metric.less_is_better else metric.words


def score_in_words(shape: TaskShape, score: float) -> str:
    """Return which values of the task's metric are better than a score: `relative L2 error below 0.20`."""
    metric = shape.kind.metric
    return f"{metric_in_words(shape)} {'below' if metric.less_is_better else 'above'} {metric.of(score):.2f}"


def contract(shape: TaskShape, max_parameters: int, target: float) -> str:
    """Return the request for a program.

    Args:
        shape: The task; none that is plain.
        max_parameters: Cap on trainable parameters.
        target: Score in [0, 1] that the program should exceed.
    """
    kind, axes = shape.kind, "channels, length" if shape.signal else "channels, height, width"
    inputs = "signals" if shape.signal else "images"
    sides = " x ".join(map(str, shape.input_shape))
    targets = ", ".join(["batch", *map(str, shape.target_shape)])
    position = "step" if shape.signal else "pixel"
    return _CONTRACT.format(
        task=task_in_words(shape),
        inputs=f"{inputs} of {sides} ({axes.replace(', ', ' x ')})",
        asked=_ASKED[kind].format(classes=shape.classes, position=position),
        metric=_METRICS[kind.metric],
        max_parameters=max_parameters,
        aim=score_in_words(shape, target),
        axes=axes,
        input_shape=", ".join(map(str, shape.input_shape)),
        output_shape=shape.output_shape,
        answer_shape=", ".join(map(str, shape.output_shape)),
        bare=_BARE[kind],
        criterion=f"nn.{kind.loss}()",
        targets=f"{_TARGETS[kind]}, of shape ({targets}{'' if shape.target_shape else ','})",
    )
