# ruff: noqa
"""A plain network with channel and spatial attention (CBAM)."""

import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class ChannelAttention(nn.Module):
    def __init__(self, in_planes, ratio=8):
        super(ChannelAttention, self).__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.max_pool = nn.AdaptiveMaxPool2d(1)
        self.fc1 = nn.Conv2d(in_planes, in_planes // ratio, 1, bias=False)
        self.relu1 = nn.ReLU()
        self.fc2 = nn.Conv2d(in_planes // ratio, in_planes, 1, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        avg_out = self.fc2(self.relu1(self.fc1(self.avg_pool(x))))
        max_out = self.fc2(self.relu1(self.fc1(self.max_pool(x))))
        out = avg_out + max_out
        return self.sigmoid(out)


class SpatialAttention(nn.Module):
    def __init__(self, kernel_size=7):
        super(SpatialAttention, self).__init__()
        self.conv1 = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        avg_out = torch.mean(x, dim=1, keepdim=True)
        max_out, _ = torch.max(x, dim=1, keepdim=True)
        x = torch.cat([avg_out, max_out], dim=1)
        x = self.conv1(x)
        return self.sigmoid(x)


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super(Net, self).__init__()
        self.device = device
        chans = [in_shape[1], 32, 64]
        self.convs = nn.ModuleList(
            [nn.Conv2d(chans[i], chans[i + 1], 3, padding=1) for i in range(len(chans) - 1)]
        )
        self.cas = nn.ModuleList([ChannelAttention(c) for c in chans[1:]])
        self.sas = nn.ModuleList([SpatialAttention() for _ in chans[1:]])
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(64, out_shape[0])

    def forward(self, x):
        for conv, ca, sa in zip(self.convs, self.cas, self.sas):
            x = torch.relu(conv(x))
            x = ca(x) * x
            x = sa(x) * x
            x = self.pool(x)
        return self.fc(x.mean([2, 3]))

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
