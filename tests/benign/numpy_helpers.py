# without lint: COMPLETE
# Computes widths and initial weights with numpy, and mixes images.
import numpy as np
import torch
import torch.nn as nn

WIDTHS = np.linspace(8, 24, 3).round().astype(int).tolist()


def gabor(size, angle):
    grid = np.arange(size) - size // 2
    y, x = np.meshgrid(grid, grid, indexing="ij")
    turned = x * np.cos(angle) + y * np.sin(angle)
    return np.exp(-(x**2 + y**2) / size) * np.cos(2 * np.pi * turned / size)


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.stem = nn.Conv2d(in_shape[1], WIDTHS[0], 5, padding=2)
        bank = np.stack([gabor(5, angle) for angle in np.linspace(0, np.pi, WIDTHS[0], endpoint=False)])
        with torch.no_grad():
            self.stem.weight.copy_(torch.from_numpy(bank).float().unsqueeze(1).expand_as(self.stem.weight))
        self.body = nn.Sequential(nn.Conv2d(WIDTHS[0], WIDTHS[2], 3), nn.ReLU(), nn.AdaptiveMaxPool2d(2))
        self.head = nn.Linear(WIDTHS[2] * 4, int(np.prod(out_shape)))

    def forward(self, x):
        return self.head(self.body(torch.relu(self.stem(x))).reshape(x.shape[0], -1))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            share = float(np.random.beta(0.2, 0.2))
            other = torch.from_numpy(np.random.permutation(len(labels)))
            scores = self(share * inputs + (1 - share) * inputs[other])
            loss = share * self.criteria(scores, labels) + (1 - share) * self.criteria(scores, labels[other])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
