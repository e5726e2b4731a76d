"""The errand of a probe: what a program builds, without training it.

A probe takes the very steps that an evaluation begins with, so what fails here fails there, in the same
words. This module does *not* see a label.
"""

from __future__ import annotations

from evaluator.channel.messages import Probed
from evaluator.channel.plan import Plan
from evaluator.child.errands.building import construct
from evaluator.child.errands.claims import claim
from evaluator.child.reuse import DataUse
from evaluator.child.train_data import TrainingSet


def probe(source: str, plan: Plan, data: TrainingSet) -> None:
    """Build the network of `source`, and say what came out of it."""
    built = construct(source, plan, data.inputs, DataUse(plan))
    claim(Probed(output_shape=built.output_shape))
