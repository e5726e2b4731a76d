"""One training step of a network of our own, so that the first step of a program finds everything set up.

This module does *not* measure or keep anything.
"""

from __future__ import annotations

import torch
from torch import nn

from corpus.records.tasks.shape import TaskShape
from evaluator.channel.plan import Plan
from evaluator.child import proxy
from evaluator.child.graph import GraphRecorder
from evaluator.child.speed.acceleration import fuse_optimizers
from evaluator.child.train_data import TrainData, TrainingSet, loss_of


class _WarmNet(nn.Module):
    """The layers that most programs are made of, under the contract."""

    def __init__(self, shape: TaskShape) -> None:
        super().__init__()
        self._kind = shape.kind
        convolution = nn.Conv1d if shape.signal else nn.Conv2d
        pool = nn.MaxPool1d if shape.signal else nn.MaxPool2d
        mean = nn.AdaptiveAvgPool1d if shape.signal else nn.AdaptiveAvgPool2d
        self.body = nn.Sequential(
            convolution(shape.channels, 8, 3, padding=1),
            nn.BatchNorm1d(8) if shape.signal else nn.BatchNorm2d(8),
            nn.ReLU(),
            *(() if shape.kind.dense else (pool(2, ceil_mode=True),)),
            convolution(8, 8, 1, groups=2),
            nn.GELU(),
        )
        scores = (mean(1), nn.Flatten(), nn.LayerNorm(8), nn.Dropout(0.1), nn.Linear(8, shape.classes))
        self.body.extend((convolution(8, shape.classes, 1),) if shape.kind.dense else scores)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.body(x)
        return scores

    def train_setup(self, prm: dict[str, float]) -> None:
        self.criteria = loss_of(self._kind)
        self.optimizer: torch.optim.Optimizer = torch.optim.SGD(
            self.parameters(), lr=prm["lr"], momentum=prm["momentum"]
        )

    def learn(self, train_data: TrainData) -> None:
        for inputs, targets in train_data:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), targets)
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters(), 3.0)
            self.optimizer.step()


def warm_up(plan: Plan, data: TrainingSet) -> None:
    """Build, check, train for one step and predict, as `evaluator.child.child` does it."""
    size = plan.config.batch_size
    net = _WarmNet(plan.shape)
    proxy.check_forward(net, data.inputs, plan, forward=GraphRecorder())
    proxy.train(net, {"lr": 0.01, "momentum": 0.9}, data.inputs[:size], data.targets[:size], plan)
    proxy.predict(net, data.inputs[:size], plan)
    for optimizer in (torch.optim.Adam, torch.optim.AdamW):
        net.optimizer = optimizer(net.parameters())
        fuse_optimizers(net)
        net.optimizer.step()
