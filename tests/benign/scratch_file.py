# without lint: COMPLETE|RUNTIME_ERROR
# Keeps its best weights in a file, which it may do where there is a scratch directory to write to.
from pathlib import Path

import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.conv = nn.Conv2d(in_shape[1], 8, 3)
        self.head = nn.Linear(8 * 16, out_shape[0])

    def forward(self, x):
        return self.head(nn.functional.adaptive_avg_pool2d(self.conv(x).relu(), 4).flatten(1))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
        notes = Path("notes") / "best.txt"
        notes.parent.mkdir(exist_ok=True)
        notes.write_text(f"loss {loss.item():.3f}\n")
        assert notes.read_text().startswith("loss")
