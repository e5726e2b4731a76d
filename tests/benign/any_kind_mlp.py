# without lint: COMPLETE
# The same without a convolution.
import math

import torch
from torch import nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.out_shape = out_shape
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(math.prod(in_shape[1:]), 64), nn.ReLU(), nn.Linear(64, math.prod(out_shape))
        )

    def forward(self, x):
        return self.body(x).unflatten(1, self.out_shape)

    def train_setup(self, prm):
        self.optimizer = torch.optim.Adam(self.parameters(), lr=0.01)

    def learn(self, train_data):
        criterion = train_data.criterion
        for inputs, targets in train_data:
            self.optimizer.zero_grad()
            criterion(self(inputs), targets).backward()
            self.optimizer.step()
