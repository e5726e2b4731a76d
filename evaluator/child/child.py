"""A program's process, from the fork to its end. After `confine`, everything here shares the program's fate.

The stages follow one another as in `corpus.records.evaluations.Stage`; each is announced before it is
entered, so the supervisor knows where a process was when it died. Images to predict are asked for only when
training is over.

This module does *not* decide anything: what it says are claims, and the supervisor draws the conclusions.
"""

from __future__ import annotations

import gc
import linecache
import os
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import NoReturn

import torch
from torch import Tensor, nn

from corpus.records.evaluations import Stage
from evaluator.channel.framing import NONCE_BYTES, Kind, read_frame, write_frame
from evaluator.channel.graph_parts import graph_parts
from evaluator.channel.messages import Built, Claim, StageReached, Trained
from evaluator.channel.plan import Plan
from evaluator.child import proxy
from evaluator.child.confinement import CHANNEL, confine
from evaluator.child.diagnosis import PROGRAM_FILE, Rejected, diagnose
from evaluator.child.graph import GraphRecorder
from evaluator.child.lint import lint
from evaluator.child.reuse import DataUse
from evaluator.isolation.jail import Jail

_MODULE = "program"


@dataclass(frozen=True)
class TrainingSet:
    """The training split as resident tensors: uint8 `(N, C, H, W)` and int64 `(N,)`."""

    images: Tensor
    labels: Tensor


def run_child(
    plan: Plan,
    data: TrainingSet,
    jail: Jail,
    *,
    channel: int,
    output: int,
    scratch: str,
    zygote: int,
    tasks: int,
) -> NoReturn:
    """Judge one program in this freshly forked process, then end it. Never returns."""
    try:
        confine(
            plan.config, jail, channel=channel, output=output, scratch=scratch, zygote=zygote, tasks=tasks
        )
        gc.enable()
        proxy.seed_everything(plan)
        frame = read_frame(CHANNEL)
        if frame is not None and frame.kind is Kind.SOURCE:
            _judge(frame.payload.decode("utf-8", errors="surrogatepass"), plan, data)
    finally:
        # No exit handlers, no waiting for threads: they belong to the program or to the zygote.
        os._exit(0)


def _judge(source: str, plan: Plan, data: TrainingSet) -> None:
    """Take `source` through the stages, and report the one exception or verdict that ends it early."""
    try:
        net = _train(source, plan, data)
        _enter(Stage.PREDICT)
        _predict_batches(net, plan)
    except BaseException as error:  # noqa: BLE001 - the candidate's boundary: whatever it raises is data
        _claim(diagnose(error))


def _train(source: str, plan: Plan, data: TrainingSet) -> nn.Module:
    _enter(Stage.LINT)
    breach = lint(source, hygiene=plan.config.lint)
    if breach is not None:
        raise Rejected(breach.status, str(breach))
    _enter(Stage.IMPORT)
    module = _load(source)
    _enter(Stage.INIT)
    prm = proxy.hyperparameters(module, plan)
    net = proxy.build(module, prm, plan)
    _enter(Stage.FORWARD)
    recorder, use = GraphRecorder(), DataUse(plan)
    flops = proxy.check_forward(net, data.images, plan, forward=use.checking(recorder))
    _claim(Built(parameters=proxy.count_parameters(net, plan), flops=flops))
    for part in graph_parts(recorder.graph) if recorder.graph else ():
        _claim(part)
    _enter(Stage.LEARN)
    losses = proxy.train(net, prm, data.images, data.labels, plan, watch=use)
    _claim(Trained(losses=losses, passes=use.passes, kept_bytes=use.kept_bytes()))
    return net


def _load(source: str) -> ModuleType:
    """Execute the program as a module, known to `sys.modules` and to `inspect` as any other."""
    module = ModuleType(_MODULE)
    module.__file__ = PROGRAM_FILE
    sys.modules[_MODULE] = module
    linecache.cache[PROGRAM_FILE] = (len(source), None, source.splitlines(keepends=True), PROGRAM_FILE)
    exec(compile(source, PROGRAM_FILE, "exec", dont_inherit=True), module.__dict__)
    return module


def _predict_batches(net: nn.Module, plan: Plan) -> None:
    """Answer batch after batch, in lockstep, until the supervisor has no more."""
    shape = plan.shape
    while (frame := read_frame(CHANNEL)) is not None:
        nonce, raw = frame.payload[:NONCE_BYTES], bytearray(frame.payload[NONCE_BYTES:])
        images = torch.frombuffer(raw, dtype=torch.uint8)
        images = images.view(-1, shape.channels, shape.height, shape.width)  # (B, C, H, W)
        write_frame(CHANNEL, Kind.CLASSES, nonce + proxy.predict(net, images, plan))


def _enter(stage: Stage) -> None:
    _claim(StageReached(stage=stage))


def _claim(claim: Claim) -> None:
    write_frame(CHANNEL, Kind.JSON, claim.model_dump_json().encode())
