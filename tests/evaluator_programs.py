"""Programs under the LEMUR contract for the evaluator's tests: a good one, and parts of it replaced."""

from __future__ import annotations

import os
from textwrap import dedent, indent

from corpus.records.candidates import Candidate, Origin
from evaluator.child.confinement import children, descendants

_TEMPLATE = """\
import torch
import torch.nn as nn
{top}

def supported_hyperparameters():
    return {{"lr", "momentum"}}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
{init}

    def forward(self, x):
{forward}

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
{learn}
"""
INIT = """\
self.body = nn.Sequential(nn.Conv2d(in_shape[1], 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4))
self.head = nn.Linear(8 * 16, out_shape[0])
"""
FORWARD = "return self.head(self.body(x).flatten(1))"
LEARN = """\
for inputs, labels in train_data:
    self.optimizer.zero_grad()
    loss = self.criteria(self(inputs), labels)
    loss.backward()
    self.optimizer.step()
"""


def program(*, top: str = "", init: str = INIT, forward: str = FORWARD, learn: str = LEARN) -> str:
    """Return a program; by default one that is right in every way."""
    return _TEMPLATE.format(
        top=dedent(top),
        init=indent(dedent(init), " " * 8),
        forward=indent(dedent(forward), " " * 8),
        learn=indent(dedent(learn), " " * 8),
    )


def candidate(source: str | None, index: int = 0) -> Candidate:
    return Candidate(
        id=f"test/{index:04d}",
        origin=Origin.IMPORTED,
        source=source,
        completion=source or "",
        index=index,
        generator="test",
    )


def processes_of_programs(supervisor: int | None = None) -> list[int]:
    """Return the processes of programs under way: all below the zygotes that left the zygote's session."""
    found = []
    for zygote in children(supervisor or os.getpid()):
        for pid in descendants(zygote):
            try:
                if os.getsid(pid) != zygote:
                    found.append(pid)
            except ProcessLookupError:
                continue
    return found
