# ruff: noqa
"""Written layer by layer, as a model writes it: numbers in place of names, everything in forward."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
        self.conv_a = nn.Conv2d(in_shape[1], 24, 3, padding=1)
        self.norm_a = nn.BatchNorm2d(24)
        self.conv_b = nn.Conv2d(24, 24, 3, padding=1)
        self.norm_b = nn.BatchNorm2d(24)
        self.left = nn.Conv2d(24, 16, 1)
        self.right = nn.Conv2d(24, 32, 3, padding=1)
        self.mix = nn.Conv2d(48, 48, 3, stride=2, padding=1, groups=4)
        self.gate1 = nn.Linear(48, 12)
        self.gate2 = nn.Linear(12, 48)
        self.hidden = nn.Linear(48, 64)
        self.out = nn.Linear(64, out_shape[0])

    def forward(self, x):
        y = F.silu(self.norm_a(self.conv_a(x)))
        y = y + F.silu(self.norm_b(self.conv_b(y)))
        y = F.max_pool2d(y, 2)
        y = torch.cat((self.left(y), self.right(y)), dim=1)
        y = F.gelu(self.mix(y))
        s = torch.sigmoid(self.gate2(F.relu(self.gate1(y.mean((2, 3))))))
        y = y * s[:, :, None, None]
        y = y.mean(dim=(-2, -1))
        y = F.dropout(torch.tanh(self.hidden(y)), p=0.1, training=self.training)
        return self.out(y)

    def train_setup(self, prm):
        self.to(self.device)
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        self.train()
        for inputs, labels in train_data:
            inputs, labels = inputs.to(self.device), labels.to(self.device)
            self.optimizer.zero_grad()
            loss = self.criterion(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
