"""The errand of a training whose weights leave: build a program's network, train it, send what it has learnt.

No image but those of the training comes here. This module does *not* check what leaves; the supervisor does.
"""

from __future__ import annotations

from evaluator.channel.messages import Declared
from evaluator.channel.plan import Plan
from evaluator.child.errands.claims import claim
from evaluator.child.errands.evaluating import train
from evaluator.child.errands.files import send_file
from evaluator.child.errands.state import state_file
from evaluator.child.train_data import TrainingSet


def export(source: str, plan: Plan, data: TrainingSet) -> None:
    """Train the network of `source` and send its weights."""
    trained = train(source, plan, data)
    claim(Declared(names=trained.declared))
    send_file(state_file(trained.net, plan.config))
