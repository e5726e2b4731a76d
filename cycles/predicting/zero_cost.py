"""Zero-cost scores: what an untrained network says of itself, computed by a script in the sandbox.

    parameters  number of trainable parameters
    synflow     log10 of the sum of |theta dR/dtheta| over all parameters, where R is the sum of the outputs
                of the network with |theta| for theta, on an input of ones (Tanaka et al. 2020, eq. 1 and
                algorithm 1; as a score of networks: Abdelfattah et al. 2021, section 3.2). As in the code of
                the latter it is in double precision and normalisations are passed by.
    naswot      log |K|, K_ij the number of rectified units whose states are the same for the inputs i and j
                of one batch (Mellor et al. 2021, section 3.1, eq. 2; in their code `hook_logdet`)
    gradnorm    sum over the parameters of the Euclidean norm of the loss's gradient on one batch (Abdelfattah
                et al. 2021, section 3.1): cross entropy, so that other kinds of task have none

Of all of them more is better. Our choices: a batch of 64 training inputs, drawn by a fixed seed and
standardised; all parameters, where the papers take the weights of convolutions and linear layers; the sign
of what enters a rectifier's smooth relatives too (GELU, SiLU, ELU, ...); dropout is off.

Each score is computed on a network built anew with one seed, so that a failure costs that score alone: it is
missing. A score is the word of the process in which the program ran: ground to rank by, none to admit on.
This module does *not* run anything in this process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite

from corpus.records.base import content_id
from corpus.records.search.transcripts import ScriptEnding, Transcript
from corpus.records.tasks.shape import TaskShape
from evaluator.channel.hyperparameters import DEFAULTS, PROTOCOL_NAMES
from evaluator.channel.proxy_config import ProxyConfig

SCORES = ("parameters", "synflow", "naswot", "gradnorm")
"""The scores, by which programs can be ranked: each is a function of that name in the script."""

Scores = dict[str, float | None]
"""Scores by name, None for one that is missing."""

BATCH = 64
"""Inputs of a batch: our choice, as in Abdelfattah et al. for gradients."""

_SCRIPT = """\
import json
import linecache
import math
import random
import sys
import types

import numpy
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

TEXT = {text}
VALUES = {values}
OTHER = {other}
RECTIFIERS = {{"relu", "relu_", "relu6", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "elu", "elu_"}}
RECTIFIERS |= {{"gelu", "gelu_", "silu", "silu_", "mish", "mish_", "hardswish", "hardswish_"}}


def seeded():
    random.seed(0)
    numpy.random.seed(0)
    torch.manual_seed(0)


def built():
    seeded()
    module = types.ModuleType("program")
    module.__file__ = "program.py"
    sys.modules["program"] = module
    linecache.cache["program.py"] = (len(TEXT), None, TEXT.splitlines(keepends=True), "program.py")
    exec(compile(TEXT, "program.py", "exec", dont_inherit=True), module.__dict__)
    names = map(str, module.supported_hyperparameters())
    prm = {{name: VALUES.get(name.lower(), OTHER) for name in names}} | hyperparameters
    net = module.Net((1, *train_images.shape[1:]), {out_shape}, prm, torch.device("cpu"))
    for part in net.modules():
        if isinstance(part, nn.modules.dropout._DropoutNd):
            part.p = 0.0
    return net


def trained(net):
    return [each for each in net.parameters() if each.requires_grad]


def batch():
    drawn = numpy.random.RandomState(0).permutation(len(train_images))[:{batch}]
    inputs = torch.from_numpy(train_images[drawn]).float()
    sides = [place for place in range(inputs.dim()) if place != 1]
    inputs = (inputs - inputs.mean(sides, keepdim=True)) / (inputs.std(sides, keepdim=True) + 1e-8)
    return inputs, torch.from_numpy(train_labels[drawn])


def parameters():
    net = built()
    with torch.no_grad():
        net.eval()(batch()[0][:2])  # lazy layers get their shapes
    return float(sum(each.numel() for each in trained(net)))


def synflow():
    net = built().eval().double()
    for part in net.modules():
        name = type(part).__name__
        if "Norm" in name and type(part).__module__.startswith("torch.nn"):
            part.forward = lambda inputs, *_: inputs
    ones = torch.ones(1, *train_images.shape[1:], dtype=torch.float64)
    with torch.no_grad():
        net(ones)
        for each in trained(net):
            each.abs_()
    net(ones).sum().backward()
    flows = [(each * each.grad).abs().sum() for each in trained(net) if each.grad is not None]
    return math.log10(float(sum(flows)))


class Patterns(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.same = 0.0

    def __torch_dispatch__(self, function, kinds, arguments=(), named=None):
        found = function(*arguments, **(named or {{}}))
        if function.overloadpacket.__name__ in RECTIFIERS:
            on = (found > 0).flatten(1).double()
            self.same = self.same + on @ on.T + (1 - on) @ (1 - on).T
        return found


def naswot():
    net = built().train()
    inputs = batch()[0]
    with torch.no_grad(), Patterns() as patterns:
        net(inputs)
    return float(numpy.linalg.slogdet(patterns.same.numpy())[1])


def gradnorm():
    net = built().train()
    inputs, labels = batch()
    if labels.dim() != 1:
        return None
    nn.functional.cross_entropy(net(inputs), labels.long()).backward()
    return float(sum(each.grad.norm() for each in trained(net) if each.grad is not None))


torch.set_num_threads(1)
found = []
for score in {scores}:
    try:
        seeded()
        found.append(globals()[score]())
    except Exception:
        found.append(None)
print("\\n{mark}" + json.dumps(found))
"""


def zero_cost_script(source: str, shape: TaskShape, config: ProxyConfig) -> str:
    """Return the script that scores a program.

    Args:
        source: The program, as it is judged.
        shape: The task.
        config: The protocol, whose hyperparameters the program is handed.
    """
    return _SCRIPT.format(
        text=repr(source),
        values=repr(config.prm([*DEFAULTS, *PROTOCOL_NAMES])),
        other=repr(config.other_hyperparameters),
        out_shape=repr(tuple(shape.output_shape)),
        batch=BATCH,
        scores=repr(SCORES),
        mark=_mark(source),
    )


def scores_in(transcript: Transcript, source: str) -> Scores:
    """Return the scores that a script printed; a missing one where it failed, or is no finite number."""
    missing: Scores = dict.fromkeys(SCORES)
    last = (transcript.output.splitlines() or [""])[-1]
    if transcript.ending is not ScriptEnding.FINISHED or not last.startswith(_mark(source)):
        return missing
    try:
        said = json.loads(last.removeprefix(_mark(source)))
    except ValueError:
        return missing
    if not isinstance(said, list) or len(said) != len(SCORES):
        return missing
    numbers = (each if isinstance(each, float) and isfinite(each) else None for each in said)
    return dict(zip(SCORES, numbers, strict=True))


def zero_cost_scores(
    execute: Callable[[str], Transcript], source: str, shape: TaskShape, config: ProxyConfig
) -> Scores:
    """Return the scores of a program.

    Args:
        execute: Runs a script in the sandbox, as `SandboxedEvaluator.execute` does.
        source: The program, as it is judged.
        shape: The task.
        config: The protocol.
    """
    return scores_in(execute(zero_cost_script(source, shape, config)), source)


def _mark(source: str) -> str:
    """Return what the last line begins with: nothing that a program says by accident."""
    return f"scores {content_id(source)}: "
