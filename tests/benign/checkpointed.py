# without lint: COMPLETE
# Trades time for memory with the utilities of torch, and normalises by weight.
import torch
import torch.nn as nn
import torch.utils.checkpoint as checkpoint
from torch.nn.utils.parametrizations import spectral_norm, weight_norm


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.stem = weight_norm(nn.Conv2d(in_shape[1], 8, 3, padding=1))
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.GroupNorm(4, 8), nn.Hardswish())
        self.head = spectral_norm(nn.Linear(8 * 16, out_shape[0]))

    def forward(self, x):
        x = self.stem(x)
        x = x + checkpoint.checkpoint(self.body, x, use_reentrant=False)
        return self.head(nn.functional.adaptive_avg_pool2d(x, 4).flatten(1))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        accumulate = 2
        for step, (inputs, labels) in enumerate(train_data):
            (self.criteria(self(inputs), labels) / accumulate).backward()
            if (step + 1) % accumulate == 0:
                self.optimizer.step()
                self.optimizer.zero_grad()
