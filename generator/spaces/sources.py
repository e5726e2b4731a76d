"""What the programs of a space have in common: the module around a network, and how it is trained.

Spaces search networks, not recipes, so every program trains alike: by SGD whose learning rate falls to zero
over the protocol's epochs, so that an accuracy speaks of the network more than of the last few steps.

This module does *not* know any space.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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

_FEATURES = """\
        self.features = nn.Sequential(
FEATURES
        )
        self.classifier = nn.Linear(WIDTH, out_shape[0])

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))
"""

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


def module_source(parts: Iterable[str], features: Sequence[str], width: int) -> str:
    """Return a module of the LEMUR contract.

    Args:
        parts: Functions and classes that the network is made of.
        features: The modules from images `(B, C, H, W)` to `(B, width, h, w)`, as expressions.
        width: Channels of the last of them.
    """
    lines = "\n".join(f"            {feature}," for feature in features)
    features_and_forward = _FEATURES.replace("FEATURES", lines).replace("WIDTH", str(width))
    net = f"{NET}{features_and_forward}\n{TRAINING}"
    return "\n\n".join([IMPORTS, HYPERPARAMETERS, *(f"{part.strip()}\n" for part in parts), net])


def conv_parameters(inputs: int, outputs: int, kernel: int, *, groups: int = 1) -> int:
    """Return the parameters of a convolution without bias and the batch normalisation behind it."""
    return inputs // groups * outputs * kernel * kernel + 2 * outputs


def classifier_parameters(width: int, classes: int) -> int:
    """Return the parameters of the last linear layer."""
    return (width + 1) * classes
