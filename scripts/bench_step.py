#!/usr/bin/env python
"""Measure what could still make the proxy's training faster on a processor, each way beside the one in use.

    .venv/bin/python scripts/bench_step.py --programs 12

Each program is trained for one epoch in each way in turn, on one thread, from the same weights, in this
process. Columns: programs, processor seconds of an epoch (their mean), and how many times as fast as `in use`
the way is, with a 95% bootstrap interval over programs.

    in use            fused optimisers, channels-last where the program bears it, float32
    watched           the same as an evaluation has it, with the hook that counts what is learnt from
    plain optimisers  the loops of PyTorch's optimisers
    plain layout      channels first
    bfloat16          autocast, `evaluator.precision=bf16`: kernels only where the processor has them
    compiled          `torch.compile`, of the first `--compiled` programs alone, as it takes a minute each:
                      the second epoch of a network, and the first, compilation included
    one image         as many steps, each on a single image: what a step costs however little it computes

Then the milliseconds of predictions for 1,000 images, by batch. It does *not* compare accuracies.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import torch
from bench_epochs import Trainee
from bench_programs import valid_programs
from bench_ratios import Ratio, processor_seconds

from evaluator.child import proxy
from evaluator.child.reuse import DataUse
from evaluator.config import EvaluatorConfig
from evaluator.supervisor.protocol import training_plan
from evaluator.tasks import load_task

IN_USE = "in use"
PREDICTED = (16, 32, 128, 512)
"""Batches of predictions that are tried; 128 is the default of `evaluator.predict_batch_size`."""

Epoch = Callable[[], None]


class Ways(Trainee):
    """The ways to train one program for an epoch."""

    def epoch(self, *, count: int | None = None, compiled: bool = False, **config: object) -> Epoch:
        """Return an epoch of a new network, on the first `count` images, under a changed protocol."""
        plan = self.plan.model_copy(update={"config": self.plan.config.model_copy(update=config)})
        net, prm = self.built(plan)
        if compiled:
            net.compile()
        return lambda: proxy.train(net, prm, self.images[:count], self.labels[:count], plan)

    def watched(self) -> Epoch:
        """Return an epoch of a new network as an evaluation runs it."""
        gc.collect()
        gc.freeze()  # as a zygote does: what is there before a program is not looked through
        use = DataUse(self.plan)
        net, prm = self.built(self.plan, use)
        return lambda: proxy.train(net, prm, self.images, self.labels, self.plan, watch=use)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--programs", type=int, default=12, help="programs to train in each way (12)")
    parser.add_argument("--compiled", type=int, default=3, help="programs to compile (3)")
    parser.add_argument("--task", default="digits")
    parser.add_argument("--batch-size", type=int, default=EvaluatorConfig().batch_size)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    config = EvaluatorConfig(task=arguments.task, batch_size=arguments.batch_size)
    task = load_task(config.task)
    plan = training_plan(config, task)
    sources = [each.source or "" for each in valid_programs(config, arguments.programs)]
    seconds: dict[str, list[float]] = {}
    predicted: dict[int, list[float]] = {size: [] for size in PREDICTED}
    for number, source in enumerate([sources[0], *sources]):  # the first time is not counted
        trainee = Ways(source, plan, task)
        found = dict(measured(trainee, number, compiled=0 < number <= arguments.compiled))
        if number:
            for name, value in found.items():
                seconds.setdefault(name, []).append(value)
            predict(trainee, predicted)
        print(f"\rprogram {number} of {len(sources)}", end="", file=sys.stderr, flush=True)
    show(seconds, predicted)


def measured(trainee: Ways, turn: int, *, compiled: bool) -> Iterator[tuple[str, float]]:
    """Yield the processor seconds of one epoch in each way, begun with another one at each turn."""
    steps = -(-len(trainee.labels) // trainee.plan.config.batch_size)
    ways: dict[str, Callable[[], Epoch]] = {
        IN_USE: trainee.epoch,
        "watched": trainee.watched,
        "plain optimisers": trainee.epoch,
        "plain layout": lambda: trainee.epoch(channels_last=False),
        "bfloat16": lambda: trainee.epoch(precision="bf16"),
        "compiled": lambda: trainee.epoch(compiled=True),
        "one image": lambda: trainee.epoch(count=steps, batch_size=1),
    }
    names = [name for name in ways if compiled or name != "compiled"]
    for name in names[turn % len(names) :] + names[: turn % len(names)]:
        torch.compiler.reset()
        epoch = ways[name]()
        with unfused() if name == "plain optimisers" else nullcontext():
            if name == "compiled":
                yield "compiled, first epoch", processor_seconds(epoch)
            yield name, processor_seconds(epoch)


@contextmanager
def unfused() -> Iterator[None]:
    """Leave the optimisers of programs as these made them."""
    kept, proxy.fuse_optimizers = proxy.fuse_optimizers, lambda _net: None
    try:
        yield
    finally:
        proxy.fuse_optimizers = kept


def predict(trainee: Ways, milliseconds: dict[int, list[float]]) -> None:
    """Add the processor milliseconds that predictions for 1,000 images take, for each batch."""
    net, _ = trainee.built(trainee.plan)
    for size, found in milliseconds.items():
        seconds = processor_seconds(partial(trainee.answer, net, size))
        found.append(1e6 * seconds / len(trainee.questions))


def show(seconds: dict[str, list[float]], predicted: dict[int, list[float]]) -> None:
    """Print a line for each way, and one for the predictions."""
    print(f"\r{'way':22} {'programs':>8} {'seconds':>8}  times as fast as what is in use [95%]")
    for name, found in sorted(seconds.items(), key=lambda item: item[0] != IN_USE):
        ratio, low, high = Ratio.of(zip(seconds[IN_USE], found, strict=False))  # few programs are compiled
        print(f"{name:22} {len(found):8} {np.mean(found):8.2f}  {ratio:.2f} [{low:.2f}, {high:.2f}]")
    shown = ", ".join(f"{np.mean(found):.0f} in batches of {size}" for size, found in predicted.items())
    print(f"\nmilliseconds of predictions for 1,000 images: {shown}")
    print(f"capabilities of the processor: {torch.backends.cpu.get_cpu_capability()}")


if __name__ == "__main__":
    main()
