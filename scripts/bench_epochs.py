"""One program as the evaluator trains it, without a sandbox.

This module does *not* judge, and says nothing of accuracies.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch

from evaluator.channel.plan import Plan
from evaluator.child import proxy
from evaluator.child.reuse import DataUse
from evaluator.tasks import Task


class Trainee:
    """One program and the data that it learns from."""

    def __init__(self, source: str, plan: Plan, task: Task) -> None:
        self._module = ModuleType("program")
        exec(compile(source, "program.py", "exec", dont_inherit=True), self._module.__dict__)
        self.plan = plan
        self.images, self.labels, self.questions = map(
            torch.from_numpy, (task.train.inputs, task.train.targets, task.val.inputs)
        )

    def built(self, plan: Plan, use: DataUse | None = None) -> tuple[torch.nn.Module, dict[str, Any]]:
        """Return the network with its first weights, and its hyperparameters."""
        proxy.seed_everything(plan)
        prm = proxy.hyperparameters(self._module, plan)
        net = proxy.build(self._module, prm, plan)
        forward = proxy.call if use is None else use.checking(proxy.call)
        proxy.check_forward(net, self.images, plan, forward=forward)
        return net, prm

    def answer(self, net: torch.nn.Module, batch_size: int) -> None:
        """Predict the validation split in batches."""
        for batch in self.questions.split(batch_size):
            proxy.predict(net, batch, self.plan)
