# without lint: COMPLETE
# Adds up the losses of the whole pass, so that its graph holds all images, and takes one step.
import torch
import torch.nn as nn


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.device = device
        self.body = nn.Sequential(
            nn.Conv2d(in_shape[1], 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten()
        )
        self.head = nn.Linear(8 * 16, out_shape[0])

    def forward(self, x):
        return self.head(self.body(x))

    def train_setup(self, prm):
        self.to(self.device)
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        self.optimizer = torch.optim.Adam(self.parameters(), lr=0.02)
        total = 0.0
        for step, (inputs, labels) in enumerate(train_data, start=1):
            total = total + self.criteria(self(inputs), labels)
            if step % (len(train_data) // 4) == 0:
                self.optimizer.zero_grad()
                total.backward()
                self.optimizer.step()
                total = 0.0
