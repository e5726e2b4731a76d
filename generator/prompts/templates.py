"""Prompt templates: a request for a program, rendered as chat messages, and the answer that is wanted.

`compact` is for the embedded model, whose context is short and which has learnt this one sentence. `instruct`
is for real code models and states the whole contract, of any kind of task, with exemplars. No template names
a benchmark: shapes say enough, and a famous name would invite a memorised network.

This module does *not* choose exemplars (the strategy does) and does not tokenise (the sampler does).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Self

from corpus.records.base import Record
from corpus.records.prompts import Message
from corpus.records.search.trials import Trial
from corpus.records.tasks.shape import TaskShape
from generator.prompts.kinds import contract, metric_in_words

TemplateName = Literal["compact", "instruct"]


class ProgramRequest(Record):
    """What a prompt asks for.

    Attributes:
        shape: What the program is written for. `compact` asks for a classifier of its picture.
        max_parameters: Cap on trainable parameters.
        target_accuracy: Validation score in [0, 1] that the program should exceed.
        idea: What the network should be built around, in a sentence or two; None leaves it open.
        carried_to: The task that image classifiers for `shape` are carried to (`generator.kinds`); None where
            they are judged as they are.
    """

    shape: TaskShape
    max_parameters: int
    target_accuracy: float
    idea: str | None = None
    carried_to: TaskShape | None = None


_SYSTEM = "You design neural networks and answer with one complete Python module and nothing else."

_CONTRACT = """\
Write a PyTorch image classifier as one complete, self-contained Python module.

Task
- Images of {channels} x {height} x {width} (channels x height x width), {classes} classes.
- At most {max_parameters} trainable parameters.
- The network is trained from scratch for ONE epoch, so it must learn fast.
- Aim at a validation accuracy above {target:.2f} (chance is {chance:.2f}).

Contract
1. At module level, `def supported_hyperparameters()` returns the set of names of the hyperparameters that the
   module reads, for example {{'lr', 'momentum', 'dropout'}}. Their values arrive in a dict `prm`; these three
   lie in [0, 1].
2. `class Net(nn.Module)` with
   `def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device)`.
   `in_shape` is (batch, channels, height, width), `out_shape` is (classes,). Build every layer here, with
   channel and feature counts that fit together.
3. `def forward(self, x)` maps images of shape (batch, channels, height, width) to scores of shape
   (batch, classes). No softmax: the loss applies it.
4. `def train_setup(self, prm)` moves the network to its device and sets the criterion and the optimizer.
5. `def learn(self, train_data)` trains for exactly one pass over `train_data`, an iterable of
   (inputs, labels) batches: move the batch to the device, zero the gradients, compute the loss, go backward,
   step.

Limits
- Import only `torch`, its submodules and `math`. No pretrained weights, no files, no network, no printing.
- Spell out every layer and helper class; leave nothing abbreviated.
- Answer with a single ```python code block."""

_EXEMPLARS = """\
Earlier modules for this task, each with the validation {metric} that it reached. Write one that is
better than they are and whose architecture differs from all of them."""

_CLAIMED = """\
Modules of others are among them, each with what its source says that it reached, maybe on other images."""

_IDEA = """\
Carry out this design idea in the network:
{idea}"""


class Exemplar(NamedTuple):
    """A program that a prompt shows.

    Attributes:
        source: Its text.
        score: Its validation score in [0, 1].
        claimed_under: The protocol under which its source says so; empty where it was measured here.
    """

    source: str
    score: float
    claimed_under: str = ""

    @classmethod
    def of(cls, trial: Trial) -> Self:
        """Return what a prompt shows of a trial."""
        return cls(trial.candidate.source or "", trial.accuracy or 0.0, trial.evaluation.claimed_under)


def render(
    template: TemplateName, request: ProgramRequest, exemplars: Sequence[Exemplar] = ()
) -> tuple[Message, ...]:
    """Return the chat for `request`.

    Args:
        template: `compact` leaves exemplars out, its model has never seen any.
        request: What to ask for.
        exemplars: The programs to show, in the given order.
    """
    if template == "instruct":
        return _instruct(request, exemplars)
    shape = request.shape.picture
    text = (
        f"{shape.channels}x{shape.height}x{shape.width} images, {shape.classes} classes, "
        f"at most {request.max_parameters} parameters, accuracy above {request.target_accuracy:.2f}"
    )
    if request.idea is not None:
        text += f", built around this idea: {request.idea}"
    return (Message(role="user", content=text),)


def _instruct(request: ProgramRequest, exemplars: Sequence[Exemplar]) -> tuple[Message, ...]:
    shape = request.shape
    if shape.plain:
        text = _CONTRACT.format(
            channels=shape.channels,
            height=shape.height,
            width=shape.width,
            classes=shape.classes,
            max_parameters=f"{request.max_parameters:,}",
            target=request.target_accuracy,
            chance=1 / shape.classes,
        )
    else:
        text = contract(shape, request.max_parameters, request.target_accuracy)
    if exemplars:
        text += f"\n\n{_EXEMPLARS.format(metric=metric_in_words(shape))}"
    if any(each.claimed_under for each in exemplars):
        text += f" {_CLAIMED}"
    for number, (source, score, claimed_under) in enumerate(exemplars, start=1):
        if claimed_under:
            reached = f"by its source {score:.3f} under {claimed_under}"
        else:
            reached = f"{metric_in_words(shape)} {shape.kind.metric.of(score):.3f}"
        text += f"\n\nModule {number}, {reached}:\n{_fenced(source)}"
    if request.idea is not None:  # last, so that prompts have as long a beginning in common as they can
        text += f"\n\n{_IDEA.format(idea=request.idea)}"
    return (Message(role="system", content=_SYSTEM), Message(role="user", content=text))


def expected_completion(template: TemplateName, source: str) -> str:
    """Return what an ideal model answers under `template`: the plain program, or a fenced block."""
    return source if template == "compact" else _fenced(source)


def _fenced(source: str) -> str:
    return f"```python\n{source.rstrip()}\n```"
