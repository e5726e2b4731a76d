# without lint: COMPLETE
# Sharpness-aware minimisation: two forward passes for each batch.
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
        for inputs, labels in train_data:
            self.criteria(self(inputs), labels).backward()
            with torch.no_grad():
                grads = [each.grad for each in self.parameters()]
                norm = torch.stack([each.norm() for each in grads]).norm() + 1e-12
                moves = [0.05 * each / norm for each in grads]
                for each, move in zip(self.parameters(), moves):
                    each.add_(move)
            self.optimizer.zero_grad()
            self.criteria(self(inputs), labels).backward()
            with torch.no_grad():
                for each, move in zip(self.parameters(), moves):
                    each.sub_(move)
            self.optimizer.step()
            self.optimizer.zero_grad()
