# without lint: COMPLETE
# Compiles a part of itself, and asks for torch.compile where there is no compiler.
import torch
import torch.nn as nn


@torch.jit.script
def fused_gate(x, scale: float):
    if scale > 1.0:
        return torch.sigmoid(x * scale) * x
    return torch.sigmoid(x) * x


def supported_hyperparameters():
    return {"lr", "momentum"}


class Net(nn.Module):
    def __init__(self, in_shape, out_shape, prm, device):
        super().__init__()
        self.conv = nn.Conv2d(in_shape[1], 12, 3)
        self.pool = torch.jit.script(nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(3)))
        self.head = torch.compile(nn.Linear(12 * 9, out_shape[0]))

    def forward(self, x):
        return self.head(self.pool(fused_gate(self.conv(x), 1.5)).flatten(1))

    def train_setup(self, prm):
        self.criteria = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=prm["lr"], momentum=prm["momentum"])

    def learn(self, train_data):
        for inputs, labels in train_data:
            self.optimizer.zero_grad()
            loss = self.criteria(self(inputs), labels)
            loss.backward()
            self.optimizer.step()
