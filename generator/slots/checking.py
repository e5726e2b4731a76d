"""Scripts that check classes of a model in the sandbox, and what their transcripts say.

Two texts of one network are compared by what a Modularizer has to keep: the number of parameters, their
shapes as a multiset, the values that a seeded construction gives them, and the outputs once the weights of
the first, in order, are those of the second: within 1e-5 and 1e-6 in evaluation, and in training, seeded
alike, where a dropped augmentation shows. A slot's class is tried at the slot's exact shapes.

A verdict is the last line of a script, and so the word of the process in which the class ran: ground enough
to go on with a text, and none to admit a program. This module does *not* run anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from corpus.records.base import content_id
from corpus.records.search.transcripts import ScriptEnding, Transcript
from generator.slots.contract import Slot

RELATIVE, ABSOLUTE = 1e-5, 1e-6
"""Tolerances of outputs: the paper's."""

_WORDS = 400
_FINE = "as it should be"
_COMPARING = """\
import random

import numpy
import torch

INPUT = {shape}
TEXTS = {texts}


def seeded(number):
    random.seed(number)
    numpy.random.seed(number)
    torch.manual_seed(number)


def built(text):
    seeded(0)
    names = {{"__name__": "program"}}
    exec(compile(text, "<program>", "exec"), names)
    return names["Architecture"]()


def answered(network, inputs, training):
    network.train(training)
    seeded(2)
    with torch.no_grad():
        return network(inputs.clone())


def differs(first, second):
    if first.shape != second.shape:
        return f"output shapes differ: original={{tuple(first.shape)}} vs modularized={{tuple(second.shape)}}"
    if torch.allclose(first, second, rtol={relative}, atol={absolute}, equal_nan=True):
        return None
    return f"max_abs_diff={{(first - second).abs().max().item():.3g}}"


def compared():
    first, second = map(built, TEXTS)
    own, other = list(first.parameters()), list(second.parameters())
    counts = [sum(each.numel() for each in row) for row in (own, other)]
    if counts[0] != counts[1]:
        return "Parameter count mismatch: original={{}} vs modularized={{}}".format(*counts)
    if sorted(each.shape for each in own) != sorted(each.shape for each in other):
        return "Parameter shapes differ as a sorted multiset"
    if [each.shape for each in own] != [each.shape for each in other]:
        return "Parameters come in another order: construct submodules in the order of the original"
    if not all(torch.equal(each, twin) for each, twin in zip(own, other)):
        return "Initial values differ: keep the construction order and all initialisation as it is"
    kept, given = list(first.buffers()), list(second.buffers())
    if [each.shape for each in kept] != [each.shape for each in given]:
        return "Buffers differ: keep the statistics of normalisations, and whatever is registered"
    seeded(1)
    with torch.no_grad():
        for each in own:
            each.add_(0.1 * torch.randn_like(each))
        for each in kept:
            if each.is_floating_point():
                each.add_(0.1 * torch.rand_like(each))
        for row, twins in ((own, other), (kept, given)):
            for each, twin in zip(row, twins):
                twin.copy_(each)
    inputs = torch.randn(4, *INPUT)
    for training in (False, True):
        problem = differs(*(answered(each, inputs, training) for each in (first, second)))
        if problem is not None:
            mode = "in training mode, seeded alike (augmentation, dropout)" if training else "in eval mode"
            return f"Forward output mismatch {{mode}}, the original's weights transplanted: {{problem}}"
    return "{fine}"


verdict = compared()
print("{mark}" + verdict)
"""
_TRYING = """\
import torch

torch.manual_seed(0)
names = {{"__name__": "program"}}
exec(compile({text}, "<program>", "exec"), names)
module = names[{name}]()
given = [torch.randn(2, *shape) for shape in {shapes}]
verdict = "{fine}"
for training in (True, False):
    module.train(training)
    found = module(*(each.clone() for each in given))
    wanted = (2, *{leaving})
    if not isinstance(found, torch.Tensor) or tuple(found.shape) != wanted:
        shape = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
        verdict = f"forward returned {{shape}}, not {{wanted}}"
    elif not bool(torch.isfinite(found).all()):
        verdict = "what it returns is not all finite numbers"
print("{mark}" + verdict)
"""


def comparing_script(original: str, refactored: str, input_shape: Sequence[int]) -> str:
    """Return the script that compares two texts with a class `Architecture`.

    Args:
        original: The network as it is.
        refactored: What should be the same network.
        input_shape: Shape of one input.
    """
    return _COMPARING.format(
        shape=tuple(input_shape),
        texts=(original, refactored),
        relative=RELATIVE,
        absolute=ABSOLUTE,
        mark=_mark(original, refactored),
        fine=_FINE,
    )


def trying_script(text: str, slot: Slot) -> str:
    """Return the script that builds a slot's class and passes random tensors through it."""
    shapes = [slot.entering] if slot.residual is None else [slot.entering, slot.residual]
    return _TRYING.format(
        text=repr(text),
        name=repr(slot.class_name),
        shapes=shapes,
        leaving=slot.leaving,
        mark=_mark(text),
        fine=_FINE,
    )


def problem_in(transcript: Transcript, *texts: str) -> str | None:
    """Return what a script found wrong with texts, None where all is as it should be."""
    if (problem := trouble(transcript)) is not None:
        return problem
    last = (transcript.output.splitlines() or [""])[-1]
    mark = _mark(*texts)
    if not last.startswith(mark):
        return "the script ended before its verdict"
    return None if last == mark + _FINE else last.removeprefix(mark)[:_WORDS]


def trouble(transcript: Transcript) -> str | None:
    """Return why a script did not run to its end, None where it did."""
    if transcript.ending is ScriptEnding.FINISHED:
        return None
    return f"{transcript.ending}: {transcript.error or transcript.error_type or 'no reason given'}"[-_WORDS:]


def _mark(*texts: str) -> str:
    """Return what a verdict begins with: nothing that a text says by accident."""
    return f"verdict {content_id(json.dumps(texts))}: "
