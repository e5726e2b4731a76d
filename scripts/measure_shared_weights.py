#!/usr/bin/env python
"""Measure whether shared weights tell an alternative that helps nothing from the others, slot by slot.

    .venv/bin/python scripts/measure_shared_weights.py --seeds 4

Each slot of a seed gets one alternative more, which answers with noise whatever it is given, normalised and
rectified like the others: whoever chooses it in any slot cuts the network in two. The logits that GDAS learns
in the sandbox are ranked within each slot, the likeliest first.

    place    the noise's place in its slot, mean over the seeds of the run, with its 95% interval
    of       how many alternatives the slot has, on average; chance is (of + 1) / 2

It does *not* train what the logits put first.
"""

from __future__ import annotations

import argparse
import random

from cycles.figures.statistics import mean_interval
from evaluator.config import EvaluatorConfig, ScriptConfig
from evaluator.supervisor.sandbox import SandboxedEvaluator
from evaluator.tasks import task_spec
from generator.slots.contract import Alternative, Slot
from generator.slots.cutting import cut
from generator.slots.sharing import logits_in, sharing_script
from generator.spaces.trees import TreeSpace

SEED = (
    "conv(8) batch_norm relu | conv(8) batch_norm relu | conv(16, stride=2) batch_norm relu | mean classifier"
)
LIMITS = ScriptConfig(cpu_seconds=600, wall_seconds=2400.0)
NOISE = """\
import torch
import torch.nn as nn


class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d({channels})

    def forward(self, x):
        return torch.relu(self.norm(torch.randn(len(x), {channels}, {height}, {width})))
"""


def main() -> None:
    """Print a line for each slot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4, help="repetitions, each with blocks drawn anew")
    parser.add_argument("--epochs", type=int, default=8, help="passes over the training split")
    parser.add_argument("--network", default=SEED, help="the seed, as a line of the space of trees")
    chosen = parser.parse_args()
    config = EvaluatorConfig(task="digits", train_images=1500, workers=1, scripts=LIMITS)
    shape = task_spec("digits").shape
    space = TreeSpace(shape, max_parameters=config.max_parameters)
    tree = space.decode(chosen.network)
    if tree is None:
        parser.error(f"'{chosen.network}' is no network")
    places: dict[str, list[float]] = {}
    sizes: dict[str, list[int]] = {}
    with SandboxedEvaluator(config) as sandbox:
        for seed in range(chosen.seeds):
            slotted = cut(tree, shape, space.library, random.Random(seed))
            slots = tuple(map(with_noise, slotted.slots))
            slotted = slotted.model_copy(update={"slots": slots})
            script = sharing_script(slotted, shape, chosen.epochs, seed)
            for slot, row in zip(slots, logits_in(sandbox.execute(script), slotted), strict=True):
                places.setdefault(slot.name, []).append(1 + sum(each > row[-1] for each in row))
                sizes.setdefault(slot.name, []).append(len(row))
    print(f"{'slot':<12} {'place':>5}  {'95% interval':<14} of")
    for name, found in places.items():
        most, size = float(max(sizes[name])), sum(sizes[name]) / len(sizes[name])
        mean = mean_interval(found, bounds=(1.0, most))
        print(f"{name:<12} {mean.value:5.1f}  [{mean.low:.1f}, {mean.high:.1f}]".ljust(35) + f"{size:.1f}")


def with_noise(slot: Slot) -> Slot:
    """Return a slot with an alternative more, which answers with noise."""
    channels, height, width = slot.leaving
    text = NOISE.format(name=slot.class_name, channels=channels, height=height, width=width)
    noise = Alternative(name="noise", origin="model", text=text)
    return slot.model_copy(update={"alternatives": (*slot.alternatives, noise)})


if __name__ == "__main__":
    main()
