# without lint: COMPLETE
# Class, attribute and variable names that look like something else, in several scripts.
import torch as T
from torch import nn as N
from torch.nn import Module


def supported_hyperparameters():
    return frozenset(["lr", "momentum"])


class open_eval_exec(Module):
    """A block named after three built-in functions."""

    def __init__(self, Ширина, système):
        super().__init__()
        self.socket = N.Conv2d(Ширина, système, 3, padding=1)
        self.subprocess = N.BatchNorm2d(système)

    def exec(self, x):
        return self.subprocess(self.socket(x))

    def forward(self, x):
        return T.relu(self.exec(x))


class Net(Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.système, self.os, self.compile = 12, "an attribute", None
        self.open = open_eval_exec(in_shape[1], self.système)
        self.import_ = N.Linear(self.système * 4, out_shape[0])

    def forward(self, x, *, _unused=None):
        λ = N.functional.adaptive_avg_pool2d(self.open(x), 2)
        return self.import_(T.flatten(λ, 1))

    def train_setup(self, prm):
        self.criteria = N.CrossEntropyLoss()
        self.optimizer = T.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        self.eval()
        self.train()
        for input, labels in train_data:
            self.optimizer.zero_grad()
            self.criteria(self(input), labels).backward()
            self.optimizer.step()
