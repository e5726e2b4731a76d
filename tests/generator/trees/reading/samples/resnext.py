# ruff: noqa
"""ResNeXt with grouped convolutions, stages in a ModuleList made by a comprehension."""

import torch
from torch import nn


def supported_hyperparameters():
    return {"lr", "momentum"}


def conv_bn(cin, cout, k=1, s=1, g=1, act=True):
    pad = (k - 1) // 2
    mods = [nn.Conv2d(cin, cout, k, s, pad, groups=g, bias=False), nn.BatchNorm2d(cout)]
    if act:
        mods.append(nn.ReLU(inplace=True))
    return nn.Sequential(*mods)


class ResNeXtBlock(nn.Module):
    def __init__(self, cin, cout, cardinality=4, base_width=4, stride=1):
        super().__init__()
        D = cardinality * base_width
        self.f = nn.Sequential(
            conv_bn(cin, D),
            conv_bn(D, D, 3, stride, g=cardinality),
            conv_bn(D, cout, act=False),
        )
        self.proj = conv_bn(cin, cout, 1, stride, act=False) if (cin != cout or stride > 1) else None
        self.act = nn.ReLU()

    def forward(self, x):
        res = x if self.proj is None else self.proj(x)
        return self.act(self.f(x) + res)


class Net(nn.Module):
    widths = (32, 64, 96)
    depths = (1, 2, 2)

    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
        _, channels, _height, _width = in_shape
        self.stem = conv_bn(channels, self.widths[0], 3)
        self.stages = nn.ModuleList()
        cin = self.widths[0]
        for i, (w, d) in enumerate(zip(self.widths, self.depths)):
            self.stages.append(
                nn.Sequential(
                    *[
                        ResNeXtBlock(
                            cin if j == 0 else w,
                            w,
                            cardinality=4,
                            base_width=4 * 2**i,
                            stride=2 if i > 0 and j == 0 else 1,
                        )
                        for j in range(d)
                    ]
                )
            )
            cin = w
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(cin, out_shape[0])

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        x = self.pool(x).flatten(start_dim=1)
        return self.fc(x)

    def train_setup(self, prm):
        self.to(self.device)
        self.loss = nn.CrossEntropyLoss()
        self.opt = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        self.train()
        for images, labels in train_data:
            self.opt.zero_grad()
            loss = self.loss(self(images.to(self.device)), labels.to(self.device))
            loss.backward()
            self.opt.step()
