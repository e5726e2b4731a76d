"""From a program's text to its network, linted, built and checked by one forward pass.

The stages follow one another as in `corpus.records.evaluations.Stage`; a program that fails raises.

This module does *not* train.
"""

from __future__ import annotations

import linecache
import sys
from types import ModuleType
from typing import NamedTuple

from torch import Tensor, nn

from corpus.records.evaluations import Stage
from evaluator.channel.graph_parts import graph_parts
from evaluator.channel.hyperparameters import Value
from evaluator.channel.messages import Built
from evaluator.channel.plan import Plan
from evaluator.child import proxy
from evaluator.child.diagnosis import PROGRAM_FILE, Rejected
from evaluator.child.errands.claims import claim, enter
from evaluator.child.graph import GraphRecorder
from evaluator.child.lint import lint
from evaluator.child.reuse import DataUse

_MODULE = "program"


class Construction(NamedTuple):
    """A network that keeps the contract so far.

    Attributes:
        net: The network.
        prm: What it was built with.
        output_shape: Shape of the answer to one input.
        declared: The hyperparameters that its program says it supports, and those that all get.
    """

    net: nn.Module
    prm: dict[str, Value]
    output_shape: tuple[int, ...]
    declared: tuple[str, ...]


def construct(source: str, plan: Plan, inputs: Tensor, use: DataUse) -> Construction:
    """Return the network of `source`, having claimed its size and its graph.

    Args:
        source: The program.
        plan: The protocol.
        inputs: Training inputs, as in `TrainingSet`; the forward pass takes the first two.
        use: Notes what the forward pass gives to each part of the network.

    Raises:
        Rejected: It breaks a rule of the evaluator; whatever else a program raises passes through.
    """
    enter(Stage.LINT)
    breach = lint(source, hygiene=plan.config.lint)
    if breach is not None:
        raise Rejected(breach.status, str(breach))
    enter(Stage.IMPORT)
    module = _load(source)
    enter(Stage.INIT)
    prm = proxy.hyperparameters(module, plan)
    declared = tuple(sorted(prm))  # before a program writes into it
    net = proxy.build(module, prm, plan)
    enter(Stage.FORWARD)
    recorder = GraphRecorder()
    checked = proxy.check_forward(net, inputs, plan, forward=use.checking(recorder))
    claim(Built(parameters=proxy.count_parameters(net, plan), flops=checked.flops))
    for part in graph_parts(recorder.graph) if recorder.graph else ():
        claim(part)
    return Construction(net, prm, checked.output_shape, declared)


def _load(source: str) -> ModuleType:
    """Execute the program as a module, known to `sys.modules` and to `inspect` as any other."""
    module = ModuleType(_MODULE)
    module.__file__ = PROGRAM_FILE
    sys.modules[_MODULE] = module
    linecache.cache[PROGRAM_FILE] = (len(source), None, source.splitlines(keepends=True), PROGRAM_FILE)
    exec(compile(source, PROGRAM_FILE, "exec", dont_inherit=True), module.__dict__)
    return module
