"""What all programs of searched networks have in common: what is around a network, and how it is trained.

Networks are searched, not recipes, so every program trains alike: by SGD whose learning rate falls to zero
over the protocol's epochs, so that an accuracy speaks of the network more than of the last few steps.

This module does *not* know any network.
"""

from __future__ import annotations

IMPORTS = """\
import torch
import torch.nn as nn
"""

HYPERPARAMETERS = """\
def supported_hyperparameters():
    return {"lr", "momentum"}
"""

NET = """\
class Net(nn.Module):
    def __init__(self, in_shape: tuple, out_shape: tuple, prm: dict, device: torch.device):
        super().__init__()
        self.device = device
"""
"""How the class of a network begins."""

TRAINING = """\
    def train_setup(self, prm):
        self.to(self.device)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])
        self.lr, self.epochs, self.step = prm["lr"], prm["epoch_max"], 0

    def learn(self, train_data):
        self.train()
        for inputs, labels in train_data:
            left = 1 - self.step / (self.epochs * len(train_data))
            self.optimizer.param_groups[0]["lr"] = self.lr * max(left, 0)
            self.step += 1
            self.optimizer.zero_grad()
            loss = self.criterion(self(inputs.to(self.device)), labels.to(self.device))
            loss.backward()
            self.optimizer.step()
"""
"""The methods of a network's class that train it."""
