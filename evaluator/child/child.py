"""A program's process, from the fork to its end. After `confine`, everything here shares the program's fate.

What is to be done with the program is its errand: `evaluator.child.errands` has a module for each kind.

This module does *not* decide anything: what a child says are claims, and the supervisor draws the
conclusions.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import NoReturn

from evaluator.channel.framing import Kind, read_frame
from evaluator.channel.messages import Errand, Fork, NoDevice, Stopped
from evaluator.channel.plan import Plan
from evaluator.child import proxy
from evaluator.child.confinement import CHANNEL, confine
from evaluator.child.diagnosis import diagnose
from evaluator.child.errands.claims import claim
from evaluator.child.errands.evaluating import evaluate
from evaluator.child.errands.exporting import export
from evaluator.child.errands.probing import probe
from evaluator.child.errands.restoring import convert, restore
from evaluator.child.errands.scripting import execute
from evaluator.child.losses import Hopeless
from evaluator.child.train_data import TrainingSet
from evaluator.isolation.jail import Jail

Work = Callable[[str, Plan, TrainingSet], None]
"""Does an errand with a program's text; whatever it raises is reported as the program's failure."""

_WORK: dict[Errand, Work] = {
    Errand.EVALUATE: evaluate,
    Errand.PROBE: probe,
    Errand.EXECUTE: execute,
    Errand.EXPORT: export,
    Errand.RESTORE: restore,
    Errand.CONVERT: convert,
}

_ON_CPU = frozenset({Errand.EXECUTE, Errand.CONVERT})
"""Errands that train nothing and pass no batches."""


def run_child(
    order: Fork,
    plan: Plan,
    data: TrainingSet,
    jail: Jail,
    *,
    channel: int,
    output: int,
    zygote: int,
    tasks: int,
) -> NoReturn:
    """Do one errand in this freshly forked process, then end it. Never returns."""
    try:
        scratch = jail.scratch(order.scratch)
        confine(
            order.limits,
            jail,
            channel=channel,
            output=output,
            scratch=scratch,
            zygote=zygote,
            tasks=tasks,
            addresses=not plan.config.resident_limit,
        )
        plan = (plan.on_cpu() if order.errand in _ON_CPU else plan).for_one(
            order.stop, order.hyperparameters, order.transforms
        )
        data = _started(plan, data)
        gc.enable()
        proxy.seed_everything(plan)
        frame = read_frame(CHANNEL)
        if frame is not None and frame.kind is Kind.SOURCE:
            _do(_WORK[order.errand], frame.payload.decode("utf-8", errors="surrogatepass"), plan, data)
    finally:
        # No exit handlers, no waiting for threads: they belong to the program or to the zygote.
        os._exit(0)


def _started(plan: Plan, data: TrainingSet) -> TrainingSet:
    """Return the training split on the device, or say that this did not start, and end."""
    try:
        return data.on_device(plan)
    except Exception as error:
        claim(NoDevice(error=diagnose(error).error))
        raise


def _do(work: Work, source: str, plan: Plan, data: TrainingSet) -> None:
    """Do an errand, and report the one exception or verdict that ends it early."""
    try:
        work(source, plan, data)
    except Hopeless as end:
        claim(Stopped(losses=end.losses))
    except BaseException as error:  # noqa: BLE001 - the candidate's boundary: whatever it raises is data
        claim(diagnose(error))
