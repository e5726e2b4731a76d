# ruff: noqa
"""A Darknet-53-like network with leaky activations and layers named by f-strings."""

import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


def conv_batch(in_num, out_num, kernel_size=3, padding=1, stride=1):
    return nn.Sequential(
        nn.Conv2d(in_num, out_num, kernel_size=kernel_size, stride=stride, padding=padding, bias=False),
        nn.BatchNorm2d(out_num),
        nn.LeakyReLU(0.1),
    )


class DarkResidualBlock(nn.Module):
    def __init__(self, in_channels):
        super(DarkResidualBlock, self).__init__()
        reduced_channels = int(in_channels / 2)
        self.layer1 = conv_batch(in_channels, reduced_channels, kernel_size=1, padding=0)
        self.layer2 = conv_batch(reduced_channels, in_channels)

    def forward(self, x):
        residual = x
        out = self.layer1(x)
        out = self.layer2(out)
        out += residual
        return out


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super(Net, self).__init__()
        self.device = device
        self.num_classes = out_shape[0]
        self.levels = {1: (16, 32, 1), 2: (32, 48, 2), 3: (48, 64, 2)}
        self.conv1 = conv_batch(in_shape[1], 16)
        for i, (cin, cout, n) in self.levels.items():
            setattr(self, f"down{i}", conv_batch(cin, cout, stride=2))
            setattr(self, f"blocks{i}", self.make_layer(DarkResidualBlock, in_channels=cout, num_blocks=n))
        self.global_avg_pool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(64, self.num_classes)

    def make_layer(self, block, in_channels, num_blocks):
        layers = []
        for i in range(0, num_blocks):
            layers.append(block(in_channels))
        return nn.Sequential(*layers)

    def forward(self, x):
        out = self.conv1(x)
        for i in self.levels:
            out = getattr(self, f"down{i}")(out)
            out = getattr(self, f"blocks{i}")(out)
        out = self.global_avg_pool(out)
        out = out.view(-1, 64)
        out = self.fc(out)
        return out

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
