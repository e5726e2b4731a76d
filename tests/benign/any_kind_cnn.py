# without lint: COMPLETE
# Asks its shapes what kind of task it is, and takes the loss that goes with it.
import torch
from torch import nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        signal, dense = len(in_shape) == 3, len(out_shape) > 1
        convolution = nn.Conv1d if signal else nn.Conv2d
        pool, places = (nn.AdaptiveAvgPool1d(4), 4) if signal else (nn.AdaptiveAvgPool2d(4), 16)
        self.body = nn.Sequential(
            convolution(in_shape[1], 16, 3, padding=1), nn.ReLU(), convolution(16, 16, 3, padding=1), nn.ReLU()
        )
        pooled = nn.Sequential(pool, nn.Flatten(), nn.Linear(16 * places, out_shape[0]))
        self.head = convolution(16, out_shape[0], 1) if dense else pooled

    def forward(self, x):
        return self.head(self.body(x))

    def train_setup(self, prm):
        self.optimizer = torch.optim.Adam(self.parameters(), lr=0.01)

    def learn(self, train_data):
        for inputs, targets in train_data:
            self.optimizer.zero_grad()
            loss = train_data.criterion(self(inputs), targets)
            loss.backward()
            self.optimizer.step()
